"""What is done for the store now and then, by one process at a time and in short transactions."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sidecar.core.protocols import Clock
from sidecar.core.stores import APART
from sidecar.storage.forgetting import forgetting
from sidecar.storage.sql import SqlStore
from sidecar.storage.sweep import Retention, Step, steps
from sidecar.storage.tables import attempts

LASTS: Final = timedelta(minutes=2)
"""How long a chore is a process's that says nothing more: longer than any transaction."""

Steps = Iterable[tuple[str, Step]]


@dataclass(frozen=True, slots=True)
class Chore:
    """One chore; it is done again once it rested."""

    name: str
    rests: timedelta
    steps: Callable[[Retention, datetime], Steps]
    """The steps, each with the table that it is about."""


def _forgetting(keep: Retention, now: datetime) -> Iterator[tuple[str, Step]]:
    yield attempts.name, forgetting(keep.attempts, now)


SWEEP: Final = Chore("sweep", timedelta(seconds=50), steps)
"""Less than a minute: whoever asks every minute finds it rested."""
FORGET: Final = Chore("forget", timedelta(minutes=55), _forgetting)
"""Rarely, since old tries that have to stay are looked at each time."""


class Sweeper:
    """One process that would sweep, if nobody else did."""

    def __init__(self, store: SqlStore, holder: str, clock: Clock, keep: Retention) -> None:
        self._store = store
        self._holder = holder
        self._clock = clock
        self._keep = keep

    async def sweep(self) -> Counter[str]:
        """Return how many rows of which table this process removed; it may have been no turn.

        Raises:
            StoreUnavailable: the store cannot be swept; what was removed before stays so.

        """
        removed: Counter[str] = Counter()
        for chore in (SWEEP, FORGET):
            now = self._clock()
            async with self._store.begin(APART) as tx:
                turn = await tx.leases.take(
                    chore.name, self._holder, now, lasts=LASTS, rests=chore.rests
                )
            if turn:
                removed += await self._done(chore, now)
        return removed

    async def swept_at(self) -> datetime | None:
        """Return when anybody swept last; None: nobody ever did."""
        async with self._store.read() as tx:
            return await tx.leases.done_at(SWEEP.name)

    async def _done(self, chore: Chore, now: datetime) -> Counter[str]:
        removed: Counter[str] = Counter()
        for table, step in chore.steps(self._keep, now):
            more = True
            while more:
                async with self._store.begin(APART) as tx:
                    # Held until the end of the transaction, so that nobody takes over within it.
                    if not await tx.leases.renew(
                        chore.name, self._holder, self._clock(), lasts=LASTS
                    ):
                        return removed
                    gone, more = await step(tx.connection)
                removed[table] += gone
        async with self._store.begin(APART) as tx:
            await tx.leases.done(chore.name, self._holder, self._clock())
        return removed
