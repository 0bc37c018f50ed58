"""One sidecar for all attacks of a file that leave nothing behind."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import World, world


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Where the store of a test lies."""
    with quick_folder() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place() -> AsyncIterator[World]:
    """A sidecar in front of an application, for the whole file."""
    with quick_folder() as folder:
        async with world(folder) as made:
            yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def ada(place: World) -> Visitor:
    """Ada's browser, which has proven a second factor."""
    browser = place.visitor()
    await browser.enroll("ada")
    return browser


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def grace(place: World) -> Visitor:
    """Grace's browser, signed in to the application; she has never set up a factor."""
    browser = place.visitor()
    await browser.sign_in("grace")
    return browser
