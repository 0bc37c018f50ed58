"""Everybody: listed page by page, counted, renamed and erased."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.directory import Census, Holding, NumberedEvent, Span, TryRecord, Wanted
from sidecar.core.model import Account, Authenticator, Person
from sidecar.core.protocols import Clock
from sidecar.storage.adopting import adopt
from sidecar.storage.erasing import erase
from sidecar.storage.holdings import holdings
from sidecar.storage.listing import Listing
from sidecar.storage.renaming import Renaming
from sidecar.storage.sharing import Sharing
from sidecar.storage.vault import Vault


class SqlDirectory:
    """Every table that knows people."""

    def __init__(self, connection: AsyncConnection, vault: Vault, clock: Clock) -> None:
        self._connection = connection
        self._vault = vault
        self._clock = clock
        self._listing = Listing(connection)
        self._sharing = Sharing(connection)

    async def page(
        self, wanted: Wanted, *, after: Person | None, limit: int
    ) -> tuple[Account, ...]:
        return await self._listing.page(wanted, after=after, limit=limit)

    async def holdings(self, people: Sequence[Person]) -> Mapping[Person, Holding]:
        return await holdings(self._connection, self._vault, people)

    async def sharing(
        self, *, factor: str = "", spared: Collection[str] = (), limit: int
    ) -> tuple[Person, ...]:
        return await self._sharing.people(factor, spared, limit)

    async def count_sharing(self, *, factor: str = "", spared: Collection[str] = ()) -> int:
        return await self._sharing.count(factor, spared)

    async def stranded(self) -> int:
        return await self._sharing.stranded()

    async def rename(self, person: Person, to: Person, now: datetime) -> None:
        await Renaming(self._connection, self._vault).rename(person, to, now)

    async def erase(self, person: Person, now: datetime) -> str:
        return await erase(self._connection, self._vault, person, now)

    async def adopt(self, new: tuple[Authenticator, ...], now: datetime) -> None:
        await adopt(self._connection, self._vault, new, now)

    async def tries(self, span: Span, limit: int) -> tuple[TryRecord, ...]:
        return await self._listing.tries(span, limit)

    async def events(self, span: Span, limit: int) -> tuple[NumberedEvent, ...]:
        return await self._listing.events(span, limit)

    async def census(self, since: datetime) -> Census:
        return await self._listing.census(since, self._clock())
