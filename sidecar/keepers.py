"""What runs beside the requests for as long as the sidecar does: it ends, forgets and follows."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Final

from sidecar import wiring
from sidecar.backing import Backing
from sidecar.core.protocols import Clock
from sidecar.flows import Flows
from sidecar.gauges import tell_gauges
from sidecar.metrics.worker import Metrics
from sidecar.proxy.identify import Identifier
from sidecar.proxy.listener import Listener
from sidecar.proxy.pool import Pool
from sidecar.settings.load import Loaded
from sidecar.sweeping import sweeping

SWEPT_EVERY_S: Final = 60.0
ENDED_EVERY_S: Final = 1.0


def beside(
    loaded: Loaded,
    rests_on: Backing,
    flows: Flows,
    metrics: Metrics,
    *,
    listener: Listener,
    pool: Pool,
) -> list[Coroutine[object, object, None]]:
    """Return what else is to be kept: numbers told, and the store swept."""
    clock = flows.kit.clock
    return [
        tell_gauges(metrics, listener, pool, flows.revocations, store=rests_on.guarded),
        sweeping(wiring.sweeper(loaded, rests_on.store, clock), metrics, clock),
    ]


@asynccontextmanager
async def kept(
    flows: Flows,
    identifier: Identifier,
    beside: Iterable[Coroutine[object, object, None]],
    *,
    clock: Clock,
) -> AsyncIterator[None]:
    """Follow the feed and sweep for the length of the block; if either breaks, all of it ends."""
    async with asyncio.TaskGroup() as tasks:
        keepers = [
            tasks.create_task(flows.revocations.follow()),
            tasks.create_task(_ending(flows, clock)),
            tasks.create_task(flows.deliveries.carrier.work()),
            tasks.create_task(_sweeping(flows, identifier)),
            *map(tasks.create_task, beside),
        ]
        try:
            yield
        finally:
            for keeper in keepers:
                keeper.cancel()


async def _ending(flows: Flows, clock: Clock) -> None:
    """End once a second what runs for sessions, or tunnels on proofs, whose time is over."""
    while True:
        await flows.live.expire(clock())
        await asyncio.sleep(ENDED_EVERY_S)


async def _sweeping(flows: Flows, identifier: Identifier) -> None:
    """Forget once a minute what is of no use in memory any more."""
    while True:
        await asyncio.sleep(SWEPT_EVERY_S)
        flows.sessions.sweep()
        flows.live.sweep()
        identifier.sweep()
