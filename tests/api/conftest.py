"""One sidecar with its management API for all tests of a file that leave nothing behind."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.calling import Api, api
from tests.unit.flows.scene import quick_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the store of one test lies."""
    with quick_folder() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk() -> AsyncIterator[Api]:
    """A client that may do everything, for the whole file."""
    with quick_folder() as made:
        async with api(made) as opened:
            yield opened
