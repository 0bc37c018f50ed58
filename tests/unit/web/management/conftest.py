"""A process of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.flows.scene import Scene, quick_folder, scene


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    """The flows over a fresh store."""
    with quick_folder() as folder:
        async with scene(folder) as made:
            yield made
