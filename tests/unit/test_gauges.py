"""What is the case now."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from sidecar import gauges
from sidecar.flows.revocations import Revocations
from sidecar.metrics.ledger import Ledger
from sidecar.metrics.worker import LIVES_FOR, Metrics
from sidecar.proxy.listener import Listener
from sidecar.proxy.pool import Pool, PoolState
from tests.clock import START, ManualClock
from tests.unit.metrics.counted import NAMES, told


@pytest.mark.parametrize(("read_at", "age"), [(None, 0), (START, LIVES_FOR.total_seconds() + 1)])
async def test_gauges_follow_what_is_the_case(
    monkeypatch: pytest.MonkeyPatch, read_at: datetime | None, age: float
) -> None:
    """Connections, requests, the feed's age and the clock's offset show as they were at the last
    telling, which also shows that the worker lives.
    """
    monkeypatch.setattr(gauges, "TOLD_EVERY_S", 0)
    clock, ledger = ManualClock(), Ledger(NAMES, 2)
    other, metrics = Metrics(ledger, clock, 0), Metrics(ledger, clock, 1)
    listener = SimpleNamespace(connections=3, requests=2)
    feed = SimpleNamespace(
        read_at=read_at, offset=SimpleNamespace(now=timedelta(milliseconds=-1500))
    )
    now = PoolState(idle=4, taken=1, waiting=2, up=1, down=1)
    pool = SimpleNamespace(state=lambda: {NAMES.upstreams[0]: now})
    telling = asyncio.create_task(
        gauges.tell_gauges(
            *(metrics, cast("Listener", listener), cast("Pool", pool)),
            cast("Revocations", feed),
            store=SimpleNamespace(down=True),
        )
    )
    clock.travel(seconds=LIVES_FOR.total_seconds() + 1)
    assert other.living() == (0,)
    await asyncio.sleep(0)
    assert other.living() == (0, 1)
    assert told(other, "sidecar_connections") == 3
    assert told(other, "sidecar_upstream_waiting", upstream=NAMES.upstreams[0]) == 2
    assert told(other, "sidecar_requests_running") == 2
    assert told(other, "sidecar_store_down") == 1
    assert told(other, "sidecar_revocations_age_seconds") == age
    assert told(other, "sidecar_clock_offset_seconds") == 1.5
    listener.connections = 1
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told(other, "sidecar_connections") == 1
    telling.cancel()
    with suppress(asyncio.CancelledError):
        await telling
