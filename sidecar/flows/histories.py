"""What happened, to one person or to everybody: tries, acts, and how many of what there are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sidecar.core.directory import Census, NumberedEvent, Span, TryRecord
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store

LATELY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Figures:
    """How many of what there are now, and how tries went between two moments."""

    since: datetime
    until: datetime
    census: Census


class Histories:
    """Reads, and changes nothing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def tries(self, span: Span, limit: int) -> tuple[tuple[TryRecord, ...], int | None]:
        """Return tries, newest first, and the last one's number if there are more."""
        async with self._store.read() as tx:
            found = await tx.directory.tries(span, limit + 1)
        shown = found[:limit]
        return shown, shown[-1].id if len(found) > limit else None

    async def events(self, span: Span, limit: int) -> tuple[tuple[NumberedEvent, ...], int | None]:
        """Return acts, newest first, and the last one's number if there are more."""
        async with self._store.read() as tx:
            found = await tx.directory.events(span, limit + 1)
        shown = found[:limit]
        return shown, shown[-1].sequence if len(found) > limit else None

    async def figures(self, since: datetime | None = None) -> Figures:
        """Return the figures of now; tries are counted since then, or for a day."""
        now = self._clock()
        since = now - LATELY if since is None else since
        async with self._store.read() as tx:
            return Figures(since, now, await tx.directory.census(since))
