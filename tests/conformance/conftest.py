"""One fixture per port that the suites here run on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sidecar.storage.sql import SqlStore, open_store
from tests.conformance.stores import RING, Travel, sqlite_file, url_of
from tests.postgres import Server
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
async def opened(url: str, clock: Travel) -> AsyncIterator[SqlStore]:
    store = await open_store(url, RING, clock)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(place: str, clock: Travel) -> AsyncIterator[SqlStore]:
    """Each adapter of the store port in turn, empty and proven."""
    async with opened(place, clock) as made:
        yield made


@pytest.fixture
async def processes(place: str, clock: Travel) -> AsyncIterator[tuple[SqlStore, ...]]:
    """The same store as several processes have it open: nothing is shared but the database."""
    async with opened(place, clock) as one, opened(place, clock) as two, opened(place, clock) as x:
        yield one, two, x
