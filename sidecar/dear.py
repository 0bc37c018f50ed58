"""Expensive work, in threads and a few pieces at a time."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEAR_AT_ONCE = 2
"""Argon2 takes 19 MiB and a core each; more at once would be a lever for strangers."""


class DearWork:
    """Runs expensive work in threads, a few at a time."""

    def __init__(self, at_once: int = DEAR_AT_ONCE) -> None:
        self._turn = asyncio.Semaphore(at_once)

    async def __call__(self, work: Callable[[], T]) -> T:
        """Return what the work returns, once its turn has come."""
        async with self._turn:
            return await asyncio.to_thread(work)
