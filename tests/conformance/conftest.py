"""One fixture per port that the suites here run on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.storage.sql import SqlStore, open_store
from tests.conformance.stores import RING, Travel, open_sqlite, sqlite_file
from tests.postgres import Server


@pytest.fixture
def clock() -> Travel:
    return Travel()


@pytest.fixture(params=["sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Travel
) -> AsyncIterator[SqlStore]:
    """Each adapter of the store port in turn, empty and proven."""
    if request.param == "sqlite":
        opened = await open_sqlite(sqlite_file(tmp_path), clock)
        yield opened
        await opened.close()
        return
    server: Server = request.getfixturevalue("postgres")
    async with server.store() as url:
        opened = await open_store(url, RING, clock)
        yield opened
        await opened.close()
