"""What is the case now, told once a second to whoever reads the metrics."""

import asyncio
from typing import Final, Protocol

from sidecar.flows.revocations import Revocations
from sidecar.metrics.worker import Metrics
from sidecar.proxy.listener import Listener
from sidecar.proxy.pool import Pool

TOLD_EVERY_S: Final = 1.0


class Guarded(Protocol):
    """A store that knows whether it fails."""

    @property
    def down(self) -> bool: ...


async def tell_gauges(
    metrics: Metrics, listener: Listener, pool: Pool, revocations: Revocations, *, store: Guarded
) -> None:
    """Tell until cancelled; a worker that no longer does has stopped working."""
    while True:
        metrics.connections.set(listener.connections)
        metrics.requests.set(listener.requests)
        for name, now in pool.state().items():
            metrics.upstream(name).pool(
                idle=now.idle, taken=now.taken, waiting=now.waiting, down=now.down
            )
        metrics.store_down(store.down)
        if revocations.read_at is not None:
            metrics.feed_read(revocations.read_at)
        metrics.clock_off(revocations.offset.now)
        metrics.pulse()
        await asyncio.sleep(TOLD_EVERY_S)
