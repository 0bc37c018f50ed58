"""A process of its own for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sidecar.flows.kit import Remembering
from tests.unit.flows.scene import Scene, quick_folder, scene
from tests.unit.flows.sending import Post, posting
from tests.unit.flows.trusting import MONTH


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the store of a test lies."""
    with quick_folder() as made:
        yield made


@pytest.fixture
async def here(folder: Path) -> AsyncIterator[Scene]:
    """The flows over a fresh store."""
    async with scene(folder) as made:
        yield made


@pytest.fixture
async def post(folder: Path) -> AsyncIterator[Post]:
    """A process that sends codes, over a fresh store."""
    async with posting(folder) as made:
        yield made


@pytest.fixture
async def there(folder: Path) -> AsyncIterator[Scene]:
    """Flows that remember browsers for a month, but not after spare codes."""
    async with scene(folder, remembering=Remembering(MONTH)) as made:
        yield made
