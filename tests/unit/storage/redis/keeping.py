"""Stores whose sessions Redis keeps, and what lies in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sidecar.settings.resting import RedisPart
from sidecar.storage.redis.connection import RedisConnection
from sidecar.storage.redis.sessions import RedisShelf
from sidecar.storage.sql import SqlStore, open_store
from tests.conformance.stores import RING, Travel, url_of
from tests.redis import lent


class Keeping:
    """A store, and the Redis beside it as somebody sees it who may do everything there."""

    def __init__(self, store: SqlStore, redis: RedisConnection, clock: Travel) -> None:
        self.store = store
        self.redis = redis
        self.clock = clock

    async def keys(self) -> list[str]:
        found = await self.redis.ask("KEYS", f"{self.redis.prefix}:*")
        assert isinstance(found, list)
        return sorted(key.decode() for key in found)

    async def snapshot(self) -> dict[str, bytes]:
        """Return all that lies there."""
        found = {key: await self.redis.ask("GET", key) for key in await self.keys()}
        return {key: value for key, value in found.items() if isinstance(value, bytes)}

    async def put_back(self, snapshot: dict[str, bytes]) -> None:
        """All that once lay there does so again, for good; what came since stays."""
        for key, value in snapshot.items():
            await self.redis.ask("SET", key, value)

    async def forget(self) -> None:
        """Nothing lies there any more."""
        for key in await self.keys():
            await self.redis.ask("DEL", key)


@asynccontextmanager
async def keeping(file: Path, section: RedisPart) -> AsyncIterator[Keeping]:
    """Open the store of the file for the length of the block."""
    clock = Travel()
    async with lent(section) as connection:
        store = await open_store(url_of(file), RING, clock, shelf=RedisShelf(connection))
        try:
            yield Keeping(store, connection, clock)
        finally:
            await store.close()
