"""The ordered feed of revocations that every process reads."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.feed import HANDOVERS, Revocation
from sidecar.core.model import Person, SessionId
from sidecar.storage.columns import person_values
from sidecar.storage.locks import LEDGER, hold
from sidecar.storage.tables import (
    revocations,
)

_NOBODY = Person("", "")
"""Stands in a row that is about everybody; nobody can be called so."""


class SqlFeed:
    """Revocations in `revocations`; their order is that of the commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.grew = False
        """Whether this transaction appended anything."""

    async def append(
        self, kind: str, person: Person | None, session: SessionId | None, now: datetime
    ) -> None:
        """The row is the feed's last, from the moment that the transaction commits.

        A reader goes on after the highest number that it saw, so that numbers must appear in their
        order: whoever takes one has committed before the next is taken.
        """
        self.grew = True
        await hold(self._connection, LEDGER)
        await self._connection.execute(
            insert(revocations).values(
                kind=kind, **person_values(person or _NOBODY), session_id=session, at=now
            )
        )

    async def tell(self, marks: str, now: datetime) -> int:
        """Append a row of `handovers`; return its number."""
        self.grew = True
        await hold(self._connection, LEDGER)
        nobody = person_values(_NOBODY)
        row = insert(revocations).values(kind=HANDOVERS, **nobody, marks=marks, at=now)
        told = await self._connection.execute(row.returning(revocations.c.sequence))
        number: int = told.scalar_one()
        return number

    async def since(self, sequence: int) -> tuple[Revocation, ...]:
        """Return what came after the sequence number, in order."""
        return await self._found(select(revocations).where(revocations.c.sequence > sequence))

    async def told(self, since: datetime) -> tuple[Revocation, ...]:
        """Return the rows of `handovers` appended since then, in order."""
        later = revocations.c.at >= since
        return await self._found(select(revocations).where(revocations.c.kind == HANDOVERS, later))

    async def _found(self, query: Select[*tuple[Any, ...]]) -> tuple[Revocation, ...]:
        rows = await self._connection.execute(query.order_by(revocations.c.sequence))
        return tuple(
            Revocation(
                row.sequence,
                row.kind,
                Person(row.realm, row.subject) if row.realm else None,
                row.session_id and SessionId(row.session_id),
                row.marks or "",
            )
            for row in rows
        )

    async def last(self) -> int:
        """Return the highest sequence number; 0 where nothing was revoked."""
        query = select(func.coalesce(func.max(revocations.c.sequence), 0))
        last: int = (await self._connection.execute(query)).scalar_one()
        return last

    async def time(self) -> datetime | None:
        """Return what the database's own clock shows; None where it is this machine's."""
        if self._connection.dialect.name != "postgresql":
            return None
        now: datetime = (
            await self._connection.execute(select(func.clock_timestamp()))
        ).scalar_one()
        return now
