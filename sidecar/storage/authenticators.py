"""Enrolled instances, found, replaced by compare-and-swap, and moved from state to state."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, Row, and_, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict, StaleMaterial
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    LookupCodes,
    Material,
    Person,
    PublicKey,
)
from sidecar.core.states import AUTHENTICATOR, follow
from sidecar.storage.columns import of_people, of_person, of_whom, whom
from sidecar.storage.hardware import HardwareKeys
from sidecar.storage.lookups import Lookups, newly_used
from sidecar.storage.sealing import Sealing
from sidecar.storage.sharing import shared
from sidecar.storage.tables import authenticators
from sidecar.storage.trusted import SqlTrustedBrowsers
from sidecar.storage.vault import Vault
from sidecar.storage.written import Written

_REMOVED = AuthenticatorStatus.REMOVED
NOT_LISTED = (AuthenticatorStatus.PENDING, _REMOVED)
"""What was never confirmed, or is gone: nobody holds it."""

AnyRow = Row[*tuple[object, ...]]

_LISTED: Final = and_(*(authenticators.c.status != status for status in NOT_LISTED))
_ORDER: Final = (authenticators.c.created_at, authenticators.c.id)
_OF_PERSON: Final = Written(
    select(authenticators).where(of_whom(authenticators), _LISTED).order_by(*_ORDER)
)


@cache
def _swap(columns: tuple[str, ...]) -> Written:
    """Return what changes these columns of somebody's active row, if it still is of a version."""
    present = (
        authenticators.c.id == bindparam("which"),
        authenticators.c.version == bindparam("seen"),
        authenticators.c.status == bindparam("present"),
    )
    return Written(update(authenticators).where(of_whom(authenticators), *present), sets=columns)


class SqlAuthenticators:
    """Authenticators in `authenticators` and `backup_codes`."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._sealing = Sealing(vault)
        self._lookups = Lookups(connection)
        self._keys = HardwareKeys(connection)
        self._trusted = SqlTrustedBrowsers(connection)

    async def of(self, person: Person) -> tuple[Authenticator, ...]:
        """Return all that were ever confirmed and not removed, unreadable ones with no material."""
        return await self._opened((await _OF_PERSON.on(self._connection, whom(person))).rows)

    async def sharing(self, person: Person) -> tuple[Authenticator, ...]:
        """Return those whose material is a shared secret, opened or not, of use now or later."""
        return await self._read(and_(of_person(authenticators, person), *shared()))

    async def of_all(self, people: Sequence[Person]) -> tuple[Authenticator, ...]:
        """Return the same of many people."""
        return await self._read(and_(of_people(authenticators, people), _LISTED))

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
            insert(authenticators).values(**self._sealing.row(authenticator))
        )
        await self._put_beside(authenticator)
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
        changed = self._sealing.kept(after)
        if used_at is not None:
            changed |= {"last_used_at": used_at, "changed_at": used_at}
        present = {
            **whom(current.person),
            "which": current.id,
            "seen": current.version,
            "present": AuthenticatorStatus.ACTIVE,
        }
        swapped = await _swap(tuple(changed)).on(self._connection, {**present, **changed})
        if swapped.number != 1 or current.status is not AuthenticatorStatus.ACTIVE:
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

    async def adopt(self, new: Sequence[Authenticator]) -> None:
        """All of them are there, in few statements; their people had none.

        Raises:
            Conflict: a credential is registered already, to whomever.

        """
        rows = [self._sealing.row(authenticator) for authenticator in new]
        await self._connection.execute(insert(authenticators), rows)
        for authenticator in new:
            await self._put_beside(authenticator)

    async def hand_over(self, person: Person, to: Person, now: datetime) -> None:
        """Every authenticator of the person, removed ones too, is the other's.

        What does not open stays as it was written, and so does not open there either.
        """
        for present in await self._read(of_person(authenticators, person), lock=True):
            after = dataclasses.replace(present, person=to)
            await self._store(present, after, now)

    async def remade(self, rows: Sequence[AnyRow]) -> list[dict[str, str | None] | None]:
        """Return for each row its material and tag by the active key; None: it does not open."""
        beside = await self._beside(rows)
        return [self._sealing.remade(row, beside.get(row.id)) for row in rows]

    async def fit(self, rows: Sequence[AnyRow]) -> list[bool]:
        """Return of each row whether it opens, and is what was written."""
        beside = await self._beside(rows)
        return [self._sealing.read(row, beside.get(row.id)).material is not None for row in rows]

    async def _store(self, present: Authenticator, after: Authenticator, now: datetime) -> None:
        moved = await self._connection.execute(
            update(authenticators)
            .where(
                _row(present.person, present.id),
                authenticators.c.version == present.version,
            )
            .values(**self._sealing.changed(present, after, now))
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

    async def _put_beside(self, authenticator: Authenticator) -> None:
        """What the authenticator holds has its rows, where it has rows of its own."""
        if isinstance(authenticator.material, LookupCodes):
            await self._lookups.put(authenticator.id, authenticator.material)
        elif isinstance(authenticator.material, PublicKey):
            await self._keys.add(authenticator.id, authenticator.material)

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

    async def _read(
        self, condition: ColumnElement[bool], *, lock: bool = False
    ) -> tuple[Authenticator, ...]:
        query = select(authenticators).where(condition)
        query = query.order_by(*_ORDER)
        rows = (await self._connection.execute(query.with_for_update() if lock else query)).all()
        return await self._opened(rows)

    async def _opened(self, rows: Sequence[AnyRow]) -> tuple[Authenticator, ...]:
        beside = await self._beside(rows)
        return tuple(self._sealing.read(row, beside.get(row.id)) for row in rows)

    async def _beside(self, rows: Sequence[AnyRow]) -> dict[str, Material]:
        """Return the material that has rows of its own."""
        sets = [row.id for row in rows if row.kind == "lookup_codes"]
        keys = [row.id for row in rows if row.kind == "public_key"]
        found: dict[str, Material] = {owner: LookupCodes(()) for owner in sets}
        found |= await self._lookups.of(sets) if sets else {}
        return found | (await self._keys.of(keys) if keys else {})


def _row(person: Person, which: AuthenticatorId) -> ColumnElement[bool]:
    return and_(of_person(authenticators, person), authenticators.c.id == which)
