"""Who holds secrets that the sidecar holds too, and who would be left with nothing."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import AuthenticatorStatus, Person
from sidecar.storage.tables import accounts, authenticators

_USEFUL: Final = (
    AuthenticatorStatus.ACTIVE,
    AuthenticatorStatus.SUSPENDED,
    AuthenticatorStatus.PENDING,
)
"""What proves something, or may again."""


class Sharing:
    """People by the kind of material in `authenticators`, which needs no key to be told."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def people(self, factor: str, spared: Collection[str], limit: int) -> tuple[Person, ...]:
        """Return some people who hold a useful shared secret."""
        query = select(authenticators.c.realm, authenticators.c.subject).distinct()
        rows = await self._connection.execute(query.where(*_held(factor, spared)).limit(limit))
        return tuple(Person(row.realm, row.subject) for row in rows)

    async def count(self, factor: str, spared: Collection[str]) -> int:
        """Return how many there are."""
        people = select(authenticators.c.realm, authenticators.c.subject).distinct()
        query = select(func.count()).select_from(people.where(*_held(factor, spared)).subquery())
        number: int = (await self._connection.execute(query)).scalar_one()
        return number

    async def stranded(self) -> int:
        """Return how many enrolled people hold nothing that is active."""
        theirs = exists().where(
            authenticators.c.realm == accounts.c.realm,
            authenticators.c.subject == accounts.c.subject,
            authenticators.c.status == AuthenticatorStatus.ACTIVE,
        )
        query = select(func.count()).select_from(accounts)
        enrolled = accounts.c.enrolled_at.is_not(None)
        number: int = (await self._connection.execute(query.where(enrolled, ~theirs))).scalar_one()
        return number


def shared() -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a row holds a shared secret which proves something, or may."""
    return authenticators.c.kind == "shared_secret", authenticators.c.status.in_(_USEFUL)


def _held(factor: str, spared: Collection[str]) -> list[ColumnElement[bool]]:
    which = (
        authenticators.c.factor == factor
        if factor
        else authenticators.c.factor.not_in(tuple(spared))
    )
    return [*shared(), which]
