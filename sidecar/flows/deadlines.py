"""Things with a moment each: what is due is found without a look at the others."""

from collections.abc import Callable, Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Gives each thing out once its moment has come, earliest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, T]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, when: datetime, what: T) -> None:
        heappush(self._heap, (when, next(self._order), what))

    def due(self, now: datetime) -> Iterator[T]:
        """Yield what is due, once; it is not kept any longer."""
        while self._heap and self._heap[0][0] <= now:
            yield heappop(self._heap)[2]

    def keep(self, wanted: Callable[[T], bool]) -> None:
        """Only what is still wanted is kept."""
        self._heap = [entry for entry in self._heap if wanted(entry[2])]
        heapify(self._heap)
