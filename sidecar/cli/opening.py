"""The store, opened for as long as a command works on it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sidecar.cli.loading import refused
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.settings.load import Loaded
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.sql import SqlStore, open_store
from sidecar.wiring import key_ring

T = TypeVar("T")


def with_store(loaded: Loaded, work: Callable[[SqlStore], Awaitable[T]]) -> T:
    """Return what the work returns; a store that cannot be used is told, and ends the command."""

    async def run() -> T:
        url = loaded.settings.storage.database
        store = await open_store(url, key_ring(loaded), utc_now, serves=False)
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except (StoreUnproven, StoreUnavailable) as fault:
        raise refused(fault) from fault
