"""One fixture per port that the suites here run on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.storage.sql import SqlStore
from tests.conformance.stores import Travel, open_sqlite, sqlite_file


@pytest.fixture
def clock() -> Travel:
    return Travel()


@pytest.fixture(params=["sqlite"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Travel
) -> AsyncIterator[SqlStore]:
    """Each adapter of the store port in turn, empty and proven."""
    assert request.param == "sqlite"
    opened = await open_sqlite(sqlite_file(tmp_path), clock)
    yield opened
    await opened.close()
