"""Enrolled instances: material sealed to its row, and a MAC over what the row may prove."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, Row, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict, SealBroken, StaleMaterial
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Level,
    LookupCodes,
    Material,
    Person,
    PublicKey,
    SharedSecret,
)
from sidecar.core.states import AUTHENTICATOR, follow
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.hardware import HardwareKeys
from sidecar.storage.lookups import Lookups, newly_used
from sidecar.storage.materials import decode, encode, kind_of, statement
from sidecar.storage.tables import (
    authenticators,
)
from sidecar.storage.trusted import SqlTrustedBrowsers
from sidecar.storage.vault import Place, Vault

_log = structlog.get_logger(__name__)
_REMOVED = AuthenticatorStatus.REMOVED
_NOT_LISTED = (AuthenticatorStatus.PENDING, _REMOVED)

AnyRow = Row[*tuple[object, ...]]


class SqlAuthenticators:
    """Authenticators in `authenticators` and `backup_codes`."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault
        self._lookups = Lookups(connection)
        self._keys = HardwareKeys(connection)
        self._trusted = SqlTrustedBrowsers(connection)

    async def of(self, person: Person) -> tuple[Authenticator, ...]:
        """Return all that were ever confirmed and not removed, unreadable ones with no material."""
        listed = authenticators.c.status.not_in(_NOT_LISTED)
        return await self._read(and_(of_person(authenticators, person), listed))

    async def get(self, person: Person, which: AuthenticatorId) -> Authenticator | None:
        """Return the person's authenticator, a pending one too; a removed one is gone."""
        present = and_(_row(person, which), authenticators.c.status != _REMOVED)
        found = await self._read(present)
        return found[0] if found else None

    async def find(self, which: AuthenticatorId) -> Authenticator | None:
        """Return the authenticator, whoever has or had it."""
        found = await self._read(authenticators.c.id == which)
        return found[0] if found else None

    async def add(self, authenticator: Authenticator) -> None:
        """The authenticator is there, and no browser of its person is remembered.

        Raises:
            Conflict: its credential is registered already, to whomever.

        """
        await self._connection.execute(
            insert(authenticators).values(
                id=authenticator.id,
                **person_values(authenticator.person),
                factor=authenticator.factor,
                name=authenticator.name,
                level=authenticator.level,
                created_at=authenticator.created_at,
                changed_at=authenticator.created_at,
                last_used_at=authenticator.last_used_at,
                detail=authenticator.detail,
                **self._kept(authenticator),
            )
        )
        if isinstance(authenticator.material, LookupCodes):
            await self._lookups.put(authenticator.id, authenticator.material)
        elif isinstance(authenticator.material, PublicKey):
            await self._keys.add(authenticator.id, authenticator.material)
        await self._trusted.end(authenticator.person, None, authenticator.created_at)

    async def replace(
        self, current: Authenticator, material: Material | None, *, used_at: datetime | None
    ) -> None:
        """New material (None: unchanged) is in place, if nobody else was faster.

        Raises:
            StaleMaterial: the row's version is no longer `current.version`, or it is not active.

        """
        if current.material is None:
            raise StaleMaterial("an unreadable authenticator proves nothing")
        after = dataclasses.replace(
            current,
            material=current.material if material is None else material,
            version=current.version + 1,
        )
        changed = {} if used_at is None else {"last_used_at": used_at, "changed_at": used_at}
        swapped = await self._connection.execute(
            update(authenticators)
            .where(
                _row(current.person, current.id),
                authenticators.c.version == current.version,
                authenticators.c.status == AuthenticatorStatus.ACTIVE,
            )
            .values(**self._kept(after), **changed)
        )
        if swapped.rowcount != 1 or current.status is not AuthenticatorStatus.ACTIVE:
            raise StaleMaterial("the authenticator changed meanwhile")
        await self._replace_rows(current, after)

    async def move(self, current: Authenticator, occasion: str, now: datetime) -> Authenticator:
        """The authenticator is in the state that follows; no browser of its person is remembered.

        A row whose MAC does not fit is moved but not vouched for anew: a tampered row would
        otherwise be washed clean by suspending and resuming it. A removed one keeps no secret.

        Raises:
            Conflict: the occasion does not happen in its present state.

        """
        found = await self._read(_row(current.person, current.id), lock=True)
        if not found:
            raise Conflict("there is no such authenticator")
        present = found[0]
        try:
            status = follow(AUTHENTICATOR, present.status, occasion)
        except ValueError as error:
            raise Conflict(str(error)) from error
        after = dataclasses.replace(present, status=status, version=present.version + 1)
        if status is _REMOVED:
            after = dataclasses.replace(after, material=None)
            await self._lookups.drop(after.id)
            await self._keys.drop(after.id)
        await self._store(present, after, now)
        await self._trusted.end(after.person, None, now)
        return after

    async def rename(self, person: Person, which: AuthenticatorId, name: str) -> bool:
        """Return whether there was such an authenticator of this person."""
        renamed = await self._connection.execute(
            update(authenticators)
            .where(_row(person, which), authenticators.c.status != _REMOVED)
            .values(name=name)
        )
        return renamed.rowcount == 1

    async def _store(self, present: Authenticator, after: Authenticator, now: datetime) -> None:
        readable = present.material is not None or after.status is _REMOVED
        kept = self._kept(after) if readable else {"status": after.status, "version": after.version}
        moved = await self._connection.execute(
            update(authenticators)
            .where(
                _row(present.person, present.id),
                authenticators.c.version == present.version,
            )
            .values(**kept, changed_at=now)
        )
        if moved.rowcount != 1:
            raise Conflict("the authenticator changed meanwhile")

    async def release(self, current: Authenticator, now: datetime) -> Authenticator:
        """The hold on a new authenticator is over (an operator's approval).

        Raises:
            Conflict: it changed meanwhile, or is not readable.

        """
        if current.material is None:
            raise Conflict("an unreadable authenticator proves nothing")
        after = dataclasses.replace(current, held_until=None, version=current.version + 1)
        await self._store(current, after, now)
        return after

    async def _replace_rows(self, current: Authenticator, after: Authenticator) -> None:
        if isinstance(after.material, PublicKey):
            await self._keys.replace(after.id, after.material)
            return
        if not isinstance(after.material, LookupCodes):
            if isinstance(current.material, LookupCodes):
                await self._lookups.drop(after.id)
            return
        used = (
            newly_used(current.material, after.material)
            if isinstance(current.material, LookupCodes)
            else None
        )
        if used is None:
            await self._lookups.put(after.id, after.material)
            return
        for code in used:
            await self._lookups.use(after.id, code)

    def _kept(self, authenticator: Authenticator) -> dict[str, object]:
        """Return the columns that the MAC covers, with the MAC."""
        material = authenticator.material
        inline = encode(material) if isinstance(material, SharedSecret) else None
        return {
            "held_until": authenticator.held_until,
            "held_level": authenticator.held_level,
            "status": authenticator.status,
            "version": authenticator.version,
            "kind": kind_of(material),
            "material": inline and self._vault.seal(inline, _place(authenticator)),
            "mac": self._vault.ring.vouch("row-mac", self._statement(authenticator)),
        }

    async def _read(
        self, condition: ColumnElement[bool], *, lock: bool = False
    ) -> tuple[Authenticator, ...]:
        query = select(authenticators).where(condition)
        query = query.order_by(authenticators.c.created_at, authenticators.c.id)
        rows = (await self._connection.execute(query.with_for_update() if lock else query)).all()
        beside = await self._beside(rows)
        return tuple(self._authenticator(row, beside.get(row.id)) for row in rows)

    async def _beside(self, rows: Sequence[AnyRow]) -> dict[str, Material]:
        """Return the material that has rows of its own."""
        sets = [row.id for row in rows if row.kind == "lookup_codes"]
        keys = [row.id for row in rows if row.kind == "public_key"]
        found: dict[str, Material] = {owner: LookupCodes(()) for owner in sets}
        found |= await self._lookups.of(sets) if sets else {}
        return found | (await self._keys.of(keys) if keys else {})

    def _authenticator(self, row: AnyRow, beside: Material | None) -> Authenticator:
        bare = _bare(row)
        if row.kind == "none":
            return bare
        try:
            return self._opened(bare, row, beside)
        except (SealBroken, ValueError, KeyError, TypeError) as error:
            _log.warning("authenticator.unreadable", authenticator=bare.id, error=str(error))
            return bare

    def _opened(self, bare: Authenticator, row: AnyRow, beside: Material | None) -> Authenticator:
        if beside is None and row.kind != "shared_secret":
            raise SealBroken(f"authenticators.kind: no {row.kind!r} beside the row")
        material = beside or decode(self._vault.unseal(row.material or "", _place(bare)))
        whole = dataclasses.replace(bare, material=material)
        trusted = (row.status, row.level) == (bare.status, bare.level)
        if trusted and self._vault.ring.vouched("row-mac", self._statement(whole), row.mac):
            return whole
        raise SealBroken("authenticators.mac: does not fit")

    def _statement(self, authenticator: Authenticator) -> bytes:
        return self._vault.instance.encode() + statement(authenticator)


def _bare(row: AnyRow) -> Authenticator:
    """Return the row without material; a state or level that we never wrote proves nothing."""
    statuses, levels = {*AuthenticatorStatus}, {*Level}
    known = row.status in statuses and row.level in levels
    return Authenticator(
        id=row.id,
        person=Person(row.realm, row.subject),
        factor=row.factor,
        name=row.name,
        status=AuthenticatorStatus(row.status) if known else AuthenticatorStatus.DISABLED,
        level=Level(row.level) if known else Level.ONE_FACTOR,
        version=row.version,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        detail=row.detail,
        held_until=row.held_until,
        held_level=Level(row.held_level) if row.held_level in levels else Level.ONE_FACTOR,
    )


def _row(person: Person, which: AuthenticatorId) -> ColumnElement[bool]:
    return and_(of_person(authenticators, person), authenticators.c.id == which)


def _place(authenticator: Authenticator) -> Place:
    return Place(authenticator.person, "authenticators", "material", authenticator.id)
