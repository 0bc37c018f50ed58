"""Whoever writes about a person waits here for whoever does so already, without a connection."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.core.model import Person
from sidecar.core.stores import APART

RETRY_S = 2


class Turns:
    """The queues of one process, one for each person.

    Somebody who sends two hundred requests at once would else hold every connection while all but
    one of them wait, and everybody else would wait with them.
    """

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._locks: WeakValueDictionary[Person, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, people: Iterable[Person]) -> AsyncIterator[None]:
        """It is the turn of this task for all of these people, until the end of the block.

        Raises:
            StoreUnavailable: it was not for too long.

        """
        async with AsyncExitStack() as taken:
            try:
                async with asyncio.timeout(self._wait_s):
                    for person in sorted({*people} - {APART}):
                        lock = self._locks.setdefault(person, asyncio.Lock())
                        await taken.enter_async_context(lock)
            except TimeoutError:
                message = "too many wait to write about one person"
                raise StoreUnavailable(
                    message, retry_after_s=RETRY_S, why=Unserved.CROWDED
                ) from None
            yield
