"""One fixture per port that the suites here run on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from sidecar.settings.resting import RedisPart
from sidecar.storage.redis.sessions import RedisShelf
from sidecar.storage.sql import SqlStore, open_store
from tests.conformance.stores import RING, Travel, sqlite_file, url_of
from tests.postgres import Server
from tests.redis import Redis, lent
from tests.unit.flows.scene import quick_folder


@pytest.fixture
def clock() -> Travel:
    return Travel()


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Each kind of database in turn, with an empty store in it."""
    if request.param == "sqlite":
        with quick_folder() as folder:
            yield url_of(sqlite_file(folder))
        return
    server: Server = request.getfixturevalue("postgres")
    async with server.store() as url:
        yield url


@asynccontextmanager
async def opened(
    url: str, clock: Travel, section: RedisPart | None = None
) -> AsyncIterator[SqlStore]:
    """Lend the store at the address; its sessions are in Redis where a section names one."""
    async with AsyncExitStack() as stack:
        shelf = None
        if section is not None:
            shelf = RedisShelf(await stack.enter_async_context(lent(section)))
        store = await open_store(url, RING, clock, shelf=shelf)
        stack.push_async_callback(store.close)
        yield store


@pytest.fixture
def section(request: pytest.FixtureRequest) -> RedisPart | None:
    """Where sessions are kept: in the rows (None), or in the Redis of a suite marked so."""
    if getattr(request, "param", "rows") == "rows":
        return None
    server: Redis = request.getfixturevalue("redis_server")
    return server.part(timeout="5s")


@pytest.fixture
async def store(place: str, clock: Travel, section: RedisPart | None) -> AsyncIterator[SqlStore]:
    """Each adapter of the store port in turn, empty and proven."""
    async with opened(place, clock, section) as made:
        yield made


@pytest.fixture
async def processes(
    place: str, clock: Travel, section: RedisPart | None
) -> AsyncIterator[tuple[SqlStore, ...]]:
    """The same store as several processes have it open: nothing is shared but the servers."""
    words = (place, clock, section)
    async with opened(*words) as one, opened(*words) as two, opened(*words) as three:
        yield one, two, three
