"""What is called while requests are served: each adds to a cell or two, and never fails."""

from bisect import bisect_left

from sidecar.metrics.families import NANOSECONDS


class Count:
    """A number that only grows."""

    __slots__ = ("_cells",)

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells

    def count(self) -> None:
        """It happened once more."""
        self._cells[0] += 1

    def add(self, number: int) -> None:
        """It happened so many times more."""
        self._cells[0] += number


class Gauge:
    """A number that is the case now."""

    __slots__ = ("_cells",)

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells

    def set(self, number: int) -> None:
        self._cells[0] = number

    def add(self, number: int) -> None:
        """It is so much more, or less where that is negative; never less than nothing."""
        self._cells[0] += number


class Answers:
    """Answers by the class of their status."""

    __slots__ = ("_cells",)

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells

    def count(self, status: int) -> None:
        """Count an answer; status 0 is for a client that was gone before it had one."""
        self._cells[status // 100 % 10] += 1


class Times:
    """Durations: how many fell into each bucket, and their sum."""

    __slots__ = ("_bounds", "_cells")

    def __init__(self, cells: memoryview, bounds: tuple[float, ...]) -> None:
        self._cells = cells
        self._bounds = bounds

    def observe(self, seconds: float) -> None:
        cells = self._cells
        cells[bisect_left(self._bounds, seconds)] += 1
        cells[-1] += int(seconds * NANOSECONDS)
