"""Single-use codes that open somebody's first enrollment."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import Person, TokenHash
from sidecar.core.protocols import Clock
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.tables import (
    invitations,
)


class SqlInvitations:
    """Invitations in `invitations`, by the hash of their code."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def add(self, person: Person, code: TokenHash, *, by: str, expires_at: datetime) -> None:
        """The code is open; an earlier one of the same person no longer is."""
        now = self._clock()
        await self.void(person, now)
        await self._connection.execute(
            insert(invitations).values(
                code_hash=code,
                **person_values(person),
                by=by,
                created_at=now,
                expires_at=expires_at,
            )
        )

    async def void(self, person: Person, now: datetime) -> None:
        await self._connection.execute(
            update(invitations)
            .where(of_person(invitations, person), _unused())
            .values(voided_at=now)
        )

    async def open(self, person: Person, code: TokenHash, now: datetime) -> bool:
        query = select(invitations.c.code_hash).where(_open(person, code, now))
        return (await self._connection.execute(query)).one_or_none() is not None

    async def redeem(self, person: Person, code: TokenHash, now: datetime) -> bool:
        """Return whether the code was open and is now spent, by one statement."""
        redeemed = await self._connection.execute(
            update(invitations).where(_open(person, code, now)).values(redeemed_at=now)
        )
        return redeemed.rowcount == 1


def _unused() -> ColumnElement[bool]:
    return and_(invitations.c.redeemed_at.is_(None), invitations.c.voided_at.is_(None))


def _open(person: Person, code: TokenHash, now: datetime) -> ColumnElement[bool]:
    return and_(
        of_person(invitations, person),
        invitations.c.code_hash == code,
        invitations.c.expires_at > now,
        _unused(),
    )
