"""The stage that every row of the battery plays on."""

from collections.abc import AsyncIterator

import pytest

from tests.conformance.http.harness import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as ready:
        yield ready
