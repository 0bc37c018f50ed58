"""The ordered feed of revocations that every process reads."""

from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.feed import Revocation
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

    async def since(self, sequence: int) -> tuple[Revocation, ...]:
        """Return what came after the sequence number, in order."""
        query = select(revocations).where(revocations.c.sequence > sequence)
        rows = await self._connection.execute(query.order_by(revocations.c.sequence))
        return tuple(
            Revocation(
                row.sequence,
                row.kind,
                Person(row.realm, row.subject) if row.realm else None,
                row.session_id and SessionId(row.session_id),
            )
            for row in rows
        )

    async def last(self) -> int:
        """Return the highest sequence number; 0 where nothing was revoked."""
        query = select(func.coalesce(func.max(revocations.c.sequence), 0))
        last: int = (await self._connection.execute(query)).scalar_one()
        return last
