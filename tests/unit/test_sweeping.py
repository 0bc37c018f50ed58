"""Twin of sidecar/sweeping.py; what is swept is shown where it stands."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from sidecar import sweeping
from sidecar.core.errors import StoreUnavailable
from sidecar.metrics.ledger import Ledger
from sidecar.metrics.worker import Metrics
from tests.clock import ManualClock
from tests.unit.metrics.counted import NAMES, told


class Turns:
    """Sweeps as it was told to, turn by turn; a turn takes an hour."""

    def __init__(self, clock: ManualClock, turns: list[Counter[str] | None]) -> None:
        self._clock = clock
        self._turns = turns
        self.swept: datetime | None = None
        self.over = asyncio.Event()

    async def sweep(self) -> Counter[str]:
        self._clock.now += timedelta(hours=1)
        if not self._turns:
            self.over.set()
            await asyncio.Event().wait()
        turn = self._turns.pop(0)
        if turn is None:
            raise StoreUnavailable
        return turn

    async def swept_at(self) -> datetime | None:
        return self.swept


async def run(turns: Turns, clock: ManualClock) -> Metrics:
    """Return what was told of all turns."""
    metrics, sweeper = Metrics(Ledger(NAMES), clock), turns
    stands_in: Any = sweeper
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(sweeping.sweeping(stands_in, metrics, clock))
        await turns.over.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return metrics


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    monkeypatch.setattr(sweeping, "ASKED_EVERY_S", 0)
    return ManualClock()


async def test_what_each_turn_removed_adds_up(clock: ManualClock) -> None:
    """Rows of several turns show summed by table, one that failed in between notwithstanding."""
    turns = Turns(clock, [Counter(sessions=2), None, Counter(), Counter(sessions=3, outbox=1)])
    metrics = await run(turns, clock)
    assert told(metrics, "sidecar_swept_rows_total", table="sessions") == 5
    assert told(metrics, "sidecar_swept_rows_total", table="outbox") == 1


async def test_an_age_is_told_also_where_nobody_swept(clock: ManualClock) -> None:
    """A store that was never swept, or cannot be asked, shows a growing age; a sweep by anybody
    shows it end.
    """
    assert told(await run(Turns(clock, []), clock), "sidecar_sweep_age_seconds") == 0
    failing = Turns(clock, [Counter(), None, None])
    assert told(await run(failing, clock), "sidecar_sweep_age_seconds") == 3 * 3600
    swept = Turns(clock, [Counter()])
    swept.swept = clock() + timedelta(minutes=30)
    assert told(await run(swept, clock), "sidecar_sweep_age_seconds") == 1800
