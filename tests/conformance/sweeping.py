"""A store swept to the end, whoever's turn it is."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sidecar.core.stores import APART
from sidecar.storage.chores import Sweeper
from sidecar.storage.sql import SqlStore
from sidecar.storage.sweep import Part, Retention, Step, steps
from tests.conformance.stores import NOW, Travel, session, token

DEFAULT = Retention()


async def swept(store: SqlStore, now: datetime, keep: Retention = DEFAULT) -> int:
    """Return how many rows went."""
    return await done(store, (step for _, step in steps(keep, now)))


async def done(store: SqlStore, all_of_them: Iterable[Step]) -> int:
    """Return how many rows went, each step being done to its end."""
    removed = 0
    for step in all_of_them:
        part = Part(0, more=True)
        while part.more:
            async with store.begin(APART) as tx:
                part = await step(tx.connection)
            removed += part.removed
    return removed


async def expired(store: SqlStore, number: int) -> None:
    """So many sessions are over for long."""
    async with store.begin(APART) as tx:
        for which in range(number):
            over = session(f"s{which}", expires_at=NOW - timedelta(days=8))
            await tx.sessions.add(over, token(f"{which}"))


def sweeper(store: SqlStore, clock: Travel, holder: str = "me") -> Sweeper:
    return Sweeper(store, holder, clock, DEFAULT)
