"""Sweepers that die, or are followed while they sweep."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.model import Person
from sidecar.core.stores import APART
from sidecar.storage.chores import LASTS, SWEEP, Sweeper
from sidecar.storage.sql import SqlStore, SqlTransaction
from tests.conformance.stores import NOW, Travel, open_sqlite, sqlite_file
from tests.conformance.sweeping import DEFAULT, expired, sweeper


@pytest.fixture
def clock() -> Travel:
    return Travel()


@pytest.fixture
async def store(tmp_path: Path, clock: Travel) -> AsyncIterator[SqlStore]:
    opened = await open_sqlite(sqlite_file(tmp_path), clock)
    yield opened
    await opened.close()


async def test_a_dead_sweeper_is_followed_by_another(store: SqlStore, clock: Travel) -> None:
    """A process that died while it swept shows nobody sweep for two minutes, and then another."""
    await expired(store, 1)
    async with store.begin(APART) as tx:
        assert await tx.leases.take(SWEEP.name, "dead", clock(), lasts=LASTS)
    other = sweeper(store, clock)
    clock.forward(seconds=119)
    assert (await other.sweep())["sessions"] == 0
    clock.forward(seconds=1)
    assert (await other.sweep())["sessions"] == 1


class TakenOver:
    """A store on which somebody else takes over the chore before one of the transactions."""

    def __init__(self, store: SqlStore, at: int) -> None:
        self._store = store
        self._left = at

    @asynccontextmanager
    async def begin(self, *people: Person) -> AsyncIterator[SqlTransaction]:
        self._left -= 1
        if self._left == 0:
            async with self._store.begin(APART) as tx:
                assert await tx.leases.take(SWEEP.name, "other", NOW + LASTS, lasts=LASTS)
        async with self._store.begin(*people) as tx:
            yield tx


async def test_whoever_lost_the_chore_stops(
    store: SqlStore, clock: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweeper that another followed shows its next part not done, and the chore the other's."""
    monkeypatch.setattr("sidecar.storage.sweep.AT_A_TIME", 1)
    await expired(store, 3)
    lost: Any = TakenOver(store, at=7)  # the lease, messages, challenges, one session
    assert await Sweeper(lost, "slow", clock, DEFAULT).sweep() == Counter(sessions=1)
    async with store.begin(APART) as tx:
        assert await tx.leases.done_at(SWEEP.name) is None
        assert await tx.leases.renew(SWEEP.name, "other", clock(), lasts=LASTS)
