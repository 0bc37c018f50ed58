"""What a sidecar rests on, opened for as long as it runs: its store, its limiter, its bell."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sidecar import wiring
from sidecar.core.feed import Bell
from sidecar.core.protocols import Clock
from sidecar.core.volume import Limiter
from sidecar.settings.load import Loaded
from sidecar.settings.resting import RedisPart
from sidecar.storage.bell import StillBell
from sidecar.storage.guard import GuardedStore
from sidecar.storage.limiter import MemoryLimiter
from sidecar.storage.shelf import Shelf
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.tuning import PATIENT
from sidecar.storage.vault import KeyRing

Check = Callable[[], Awaitable[None]]
"""Returns where all is well; raises one of our errors where it is not."""


@dataclass(frozen=True, slots=True)
class Backing:
    """What all flows share."""

    store: SqlStore
    guarded: GuardedStore
    """The same, left alone while it fails: what requests wait for."""
    limiter: Limiter
    bell: Bell
    checks: Mapping[str, Check]
    """Whether each part of it works."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What there is beside the database."""

    limiter: Limiter
    bell: Bell
    checks: Mapping[str, Check]
    shelf: Shelf | None


@asynccontextmanager
async def backing(
    loaded: Loaded, ring: KeyRing, clock: Clock, *, serves: bool = True
) -> AsyncIterator[Backing]:
    """Lend what the configuration names; it is closed at the end of the block.

    An operator's command serves nobody, and is patient.

    Raises:
        StoreUnproven: the database is missing, empty, foreign, or the keys do not open it.
        StoreUnavailable: its server does not answer now.

    """
    settings = loaded.settings
    async with _beside(settings.redis, ring, clock) as beside:
        store = await open_store(
            *(settings.storage.database, ring, clock),
            bell=beside.bell,
            shelf=beside.shelf if settings.session.store == "redis" else None,
            tuning=wiring.tuning(settings) if serves else PATIENT,
            serves=serves,
        )
        try:
            guarded = GuardedStore(store, time.monotonic)
            checks = {"store": guarded.ping, **beside.checks}
            yield Backing(store, guarded, beside.limiter, beside.bell, checks)
        finally:
            await store.close()


@asynccontextmanager
async def _beside(part: RedisPart | None, ring: KeyRing, clock: Clock) -> AsyncIterator[_Beside]:
    """Lend what replicas share by Redis, or what one process has for itself.

    A Redis that is down keeps nothing from starting: what needs it fails until it is back.
    """
    if part is None:
        yield _Beside(MemoryLimiter(clock), StillBell(), {}, None)
        return
    # Dear to import, and needed only here.
    from sidecar.storage.redis.bell import RedisBell
    from sidecar.storage.redis.connection import RedisConnection
    from sidecar.storage.redis.limiter import RedisLimiter
    from sidecar.storage.redis.sessions import RedisShelf

    async with AsyncExitStack() as stack:
        redis = RedisConnection(part)
        stack.push_async_callback(redis.close)
        bell = RedisBell(part, redis)
        stack.push_async_callback(bell.close)
        limiter = RedisLimiter(redis, ring, clock)
        yield _Beside(limiter, bell, {"redis": redis.ping}, RedisShelf(redis))
