"""One sidecar for all tests of a page's file; everybody in it is new."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.world import World, world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("pages")) as made:
        yield made
