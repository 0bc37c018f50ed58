"""What a sidecar rests on, opened for as long as it runs: its store, its limiter, its bell."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sidecar import wiring
from sidecar.core.feed import Bell
from sidecar.core.protocols import Clock
from sidecar.core.volume import Limiter
from sidecar.settings.load import Loaded
from sidecar.settings.resting import RedisPart
from sidecar.storage.bell import StillBell
from sidecar.storage.limiter import MemoryLimiter
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.vault import KeyRing
from sidecar.web.health import Check


@dataclass(frozen=True, slots=True)
class Backing:
    """What all flows share."""

    store: SqlStore
    limiter: Limiter
    bell: Bell
    checks: Mapping[str, Check]
    """Whether each part of it works."""


@asynccontextmanager
async def backing(loaded: Loaded, ring: KeyRing, clock: Clock) -> AsyncIterator[Backing]:
    """Lend what the configuration names; it is closed at the end of the block.

    Raises:
        StoreUnproven: the database is missing, empty, foreign, or the keys do not open it.
        StoreUnavailable: its server does not answer now.

    """
    async with AsyncExitStack() as stack:
        limiter, bell, checks = await _shared(stack, loaded.settings.redis, ring, clock)
        url, tuning = loaded.settings.storage.database, wiring.tuning(loaded.settings)
        store = await open_store(url, ring, clock, bell=bell, tuning=tuning)
        stack.push_async_callback(store.close)
        yield Backing(store, limiter, bell, {"store": store.ping, **checks})


async def _shared(
    stack: AsyncExitStack, part: RedisPart | None, ring: KeyRing, clock: Clock
) -> tuple[Limiter, Bell, Mapping[str, Check]]:
    """Return what replicas share by Redis, or what one process has for itself.

    A Redis that is down keeps nothing from starting: what needs it fails until it is back.
    """
    if part is None:
        return MemoryLimiter(clock), StillBell(), {}
    # Dear to import, and needed only here.
    from sidecar.storage.redis.bell import RedisBell
    from sidecar.storage.redis.connection import RedisConnection
    from sidecar.storage.redis.limiter import RedisLimiter

    redis = RedisConnection(part)
    stack.push_async_callback(redis.close)
    bell = RedisBell(part, redis)
    stack.push_async_callback(bell.close)
    return RedisLimiter(redis, ring, clock), bell, {"redis": redis.ping}
