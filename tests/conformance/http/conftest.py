"""The stage that every row of the battery plays on, and the loops that it is built on."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tests.conformance.http.harness import Stage, staged


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests marked `both_loops` run on uvloop too, which is what serves in earnest."""
    if item.get_closest_marker("both_loops") is None:
        return {"asyncio": asyncio.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as ready:
        yield ready
