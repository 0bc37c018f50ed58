"""The store is swept for as long as the sidecar runs, by whichever process comes first."""

import asyncio
from typing import Final

import structlog

from sidecar.core.errors import StoreUnavailable
from sidecar.core.protocols import Clock
from sidecar.metrics.worker import Metrics
from sidecar.storage.chores import Sweeper

ASKED_EVERY_S: Final = 60.0

_log = structlog.get_logger(__name__)


async def sweeping(sweeper: Sweeper, metrics: Metrics, clock: Clock) -> None:
    """Sweep once a minute, if nobody else did; tell what was removed, and how long ago it was.

    While the store cannot be asked, the time since the last known sweep goes on.
    """
    swept_at = clock()
    while True:
        metrics.swept(swept_at)
        await asyncio.sleep(ASKED_EVERY_S)
        try:
            for table, rows in (await sweeper.sweep()).items():
                metrics.removed(table, rows)
                _log.info("rows.removed", table=table, rows=rows)
            swept_at = await sweeper.swept_at() or swept_at
        except StoreUnavailable:
            continue
