"""What a sidecar rests on, opened for as long as it runs: its store, its limiter, its bell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sidecar import wiring
from sidecar.core.feed import Bell
from sidecar.core.protocols import Clock
from sidecar.core.volume import Limiter
from sidecar.settings.load import Loaded
from sidecar.storage.bell import StillBell
from sidecar.storage.limiter import MemoryLimiter
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.vault import KeyRing


@dataclass(frozen=True, slots=True)
class Backing:
    """What all flows share."""

    store: SqlStore
    limiter: Limiter
    bell: Bell


@asynccontextmanager
async def backing(loaded: Loaded, ring: KeyRing, clock: Clock) -> AsyncIterator[Backing]:
    """Lend what the configuration names; it is closed at the end of the block.

    Raises:
        StoreUnproven: the database is missing, empty, foreign, or the keys do not open it.
        StoreUnavailable: its server does not answer now.

    """
    bell = StillBell()
    url, tuning = loaded.settings.storage.database, wiring.tuning(loaded.settings)
    store = await open_store(url, ring, clock, bell=bell, tuning=tuning)
    try:
        yield Backing(store, MemoryLimiter(clock), bell)
    finally:
        await store.close()
