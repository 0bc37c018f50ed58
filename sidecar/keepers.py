"""What runs beside the requests for as long as the sidecar does: it ends, forgets and follows."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Final

from sidecar.core.errors import StoreUnavailable
from sidecar.core.protocols import Clock
from sidecar.flows import Flows
from sidecar.proxy.identify import Identifier
from sidecar.storage.sql import SqlStore

SWEPT_EVERY_S: Final = 60.0
ENDED_EVERY_S: Final = 1.0


@asynccontextmanager
async def kept(
    flows: Flows,
    identifier: Identifier,
    store: SqlStore,
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
            tasks.create_task(_sweeping(flows, identifier, store, clock)),
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


async def _sweeping(flows: Flows, identifier: Identifier, store: SqlStore, clock: Clock) -> None:
    """Forget once a minute what nobody can ask for any more, in memory and in the store."""
    while True:
        await asyncio.sleep(SWEPT_EVERY_S)
        flows.sessions.sweep()
        flows.live.sweep()
        identifier.sweep()
        try:
            await store.sweep(clock())
        except StoreUnavailable:
            continue
