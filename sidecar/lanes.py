"""Numbers that the workers of one machine share, without waiting for each other."""

import mmap
from typing import Final

_ITEM: Final = 8


class Lanes:
    """As many rows of counters as there are workers; each writes its own and reads everybody's.

    Nobody writes where another writes, so no count is lost and nothing has to be locked: a worker
    that dies in the middle leaves nothing that others wait for. Processes that are forked from
    this one count on together.
    """

    def __init__(self, count: int, cells: int) -> None:
        size = count * cells * _ITEM
        whole = memoryview(mmap.mmap(-1, size) if count > 1 else bytearray(size)).cast("Q")
        self.rows = tuple(whole[at * cells : (at + 1) * cells] for at in range(count))
