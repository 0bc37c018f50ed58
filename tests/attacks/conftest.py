"""One sidecar for all attacks of a file that leave nothing behind."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.visitor import Visitor
from tests.world import World, world


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A sidecar in front of an application, for the whole file."""
    async with world(tmp_path_factory.mktemp("place")) as made:
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
