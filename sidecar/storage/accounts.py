"""People: one row each, made when first needed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Insert, Row, Update, case, func, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import Account, Person
from sidecar.core.protocols import Clock
from sidecar.storage.columns import Utc, of_person, of_whom, person_values, whom
from sidecar.storage.dialects import upsert
from sidecar.storage.tables import (
    accounts,
)
from sidecar.storage.written import Written

_ONE: Final = Written(select(accounts).where(of_whom(accounts)))
_KEY = (accounts.c.realm, accounts.c.subject)


class SqlAccounts:
    """Accounts in `two_factor_configs`."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def get(self, person: Person) -> Account | None:
        row = (await _ONE.on(self._connection, whom(person))).one_or_none()
        return None if row is None else account_of(row)

    async def ensure(self, person: Person, now: datetime) -> Account:
        """Return the person's row, made now if there was none."""
        await self._write(person, now, {"epoch": accounts.c.epoch})
        found = await self._connection.execute(select(accounts).where(of_person(accounts, person)))
        return account_of(found.one())

    async def lock(self, person: Person, now: datetime) -> datetime | None:
        """Hold the person's row until the transaction ends; return when an operator last reset it.

        An update that changes nothing locks the row on every database, and makes it if need be.
        """
        await self._write(person, now, {"epoch": accounts.c.epoch})
        return await self.reset_at(person)

    async def reset_at(self, person: Person) -> datetime | None:
        """Return when an operator last reset the person, or forgave their tries."""
        query = select(accounts.c.reset_at).where(of_person(accounts, person))
        moment: datetime | None = (await self._connection.execute(query)).scalar_one_or_none()
        return moment

    async def mark_enrolled(self, person: Person, now: datetime) -> None:
        """`enrolled_at` is set, an earlier value stays; the person is enabled."""
        await self._write(person, now, enrolling(now), enrolled_at=now)

    async def configure(
        self,
        person: Person,
        *,
        enabled: bool,
        required: bool,
        version: int | None,
        now: datetime,
    ) -> Account | None:
        """Return the person's row as it now is, made if there was none, its version one higher.

        None: `version` was given and is not the present one any more. Somebody without a row has
        version 0.
        """
        chosen: dict[str, object] = {"enabled": enabled, "required": required}
        wanted = true() if version is None else accounts.c.version == version
        changes = {**chosen, "version": accounts.c.version + 1}
        if version is None or version == 0:
            first = {"epoch": 0, "created_at": now, "version": 1, **chosen, **person_values(person)}
            write: Insert | Update = (
                upsert(self._connection, accounts)
                .values(**first)
                .on_conflict_do_update(index_elements=_KEY, set_=changes, where=wanted)
            )
        else:
            write = update(accounts).where(of_person(accounts, person), wanted).values(**changes)
        written = (await self._connection.execute(write.returning(*accounts.c))).one_or_none()
        return None if written is None else account_of(written)

    async def forgive(self, person: Person, now: datetime) -> None:
        """Tries made before now count no longer; what they disabled stays disabled."""
        await self._connection.execute(
            update(accounts).where(of_person(accounts, person)).values(reset_at=now)
        )

    async def bump_epoch(self, person: Person) -> int:
        """Every session begun before is over; return the new epoch."""
        await self._write(person, self._clock(), {"epoch": accounts.c.epoch + 1}, epoch=1)
        query = select(accounts.c.epoch).where(of_person(accounts, person))
        epoch: int = (await self._connection.execute(query)).scalar_one()
        return epoch

    async def reset(self, person: Person) -> None:
        """`enrolled_at` is cleared and the epoch bumped: the person may enroll as if new.

        Tries made before count no longer: the secrets they guessed at are gone.
        """
        now = self._clock()
        changes = {"enrolled_at": None, "reset_at": now, "epoch": accounts.c.epoch + 1}
        await self._write(person, now, changes, epoch=1, reset_at=now)

    async def _write(
        self,
        person: Person,
        now: datetime,
        changes: Mapping[str, object],
        **fresh: object,
    ) -> None:
        first: dict[str, object] = {"enabled": True, "epoch": 0, "created_at": now}
        insert = upsert(self._connection, accounts).values(
            **person_values(person), **(first | fresh)
        )
        await self._connection.execute(
            insert.on_conflict_do_update(index_elements=_KEY, set_=changes)
        )


def enrolling(now: datetime) -> dict[str, object]:
    """Return how a row changes when its person enrolls.

    Whoever was disabled is enabled by that, which is a change of what is configured.
    """
    unchanged = accounts.c.enabled
    return {
        "enrolled_at": func.coalesce(accounts.c.enrolled_at, literal(now, Utc())),
        "enabled": True,
        "version": case((unchanged, accounts.c.version), else_=accounts.c.version + 1),
    }


def account_of(row: Row[*tuple[object, ...]]) -> Account:
    """Return the person's facts, as a row keeps them."""
    return Account(
        person=Person(row.realm, row.subject),
        enabled=row.enabled,
        epoch=row.epoch,
        created_at=row.created_at,
        enrolled_at=row.enrolled_at,
        required=row.required,
        version=row.version,
        reset_at=row.reset_at,
    )
