"""Counters by which the workers of one machine tell each other what must be asked anew."""

import mmap
import secrets
from collections.abc import Iterable, Iterator
from typing import Final

SLOTS: Final = 4096
"""Marks share a slot now and then; then one question more is asked, and none less."""

KEY_BYTES: Final = 32
_ITEM: Final = 8
_CHANGES, _DOUBTS, _OPEN, _SIGN_INS = range(4)
_KINDS: Final = 4

Slots = frozenset[int]


class Board:
    """Four rows of counters for each worker, who writes its own and reads everybody's.

    Nobody writes where another writes, so no count is lost and nothing has to be locked: a worker
    that dies in the middle leaves nothing that others wait for.
    """

    def __init__(self, lanes: int = 1, memory: bytearray | mmap.mmap | None = None) -> None:
        self._lanes = lanes
        self._lane = 0
        self._memory = memory if memory is not None else bytearray(board_bytes(lanes))
        self._counts = memoryview(self._memory).cast("Q")
        self.pulse = 0 if lanes == 1 else -1
        """Another number after every event, for one process alone; -1 where there are several.

        Whoever saw nothing happen under some slots need not look again until it beats. Between
        processes it could be seen before what it tells of.
        """
        self.key = secrets.token_bytes(KEY_BYTES)
        """Makes the marks of all workers the same, and meaningless to anybody else."""

    @classmethod
    def shared(cls, lanes: int) -> "Board":
        """Return a board that processes forked from this one write on together."""
        return cls(lanes, mmap.mmap(-1, board_bytes(lanes)))

    def take(self, lane: int) -> None:
        """This process writes in the lane; whatever its predecessor had begun there is over."""
        self._lane = lane
        every = frozenset(range(SLOTS))
        for at in self._own(_OPEN, every):
            self._counts[at] = 0
        self.doubt(every)

    def slots(self, marks: Iterable[bytes]) -> Slots:
        """Return where these marks are counted."""
        return frozenset(int.from_bytes(mark[:4], "big") % SLOTS for mark in marks)

    # -- telling -------------------------------------------------------------------------------

    def change(self, slots: Slots) -> None:
        """What is known under these slots must be asked anew."""
        self._add(_CHANGES, slots, 1)

    def doubt(self, slots: Slots) -> None:
        """What was judged under these slots may no longer hold either."""
        self._add(_CHANGES, slots, 1)
        self._add(_DOUBTS, slots, 1)

    def open(self, slots: Slots) -> None:
        """Something is under way that may change the meaning at any moment, until `close`."""
        self._add(_OPEN, slots, 1)
        self.doubt(slots)

    def close(self, slots: Slots) -> None:
        """It is over; what was learned meanwhile does not count."""
        self.doubt(slots)
        self._add(_OPEN, slots, -1)

    def sign_in(self, slots: Slots) -> None:
        """Somebody may sign in, or has signed in, with what is counted here."""
        self._add(_SIGN_INS, slots, 1)

    # -- hearing -------------------------------------------------------------------------------

    def changes(self, slots: Slots) -> int:
        """Return a number that is another one after each `change` of any of them."""
        return self._sum(_CHANGES, slots)

    def doubts(self, slots: Slots) -> int:
        """Return a number that is another one after each `doubt` of any of them."""
        return self._sum(_DOUBTS, slots)

    def sign_ins(self, slots: Slots) -> dict[int, int]:
        """Return how many sign-ins were counted in each of them."""
        return {slot: self._sum(_SIGN_INS, frozenset((slot,))) for slot in slots}

    def unsettled(self, slots: Slots) -> bool:
        """Tell whether anything is open."""
        return self._sum(_OPEN, slots) > 0

    def _sum(self, kind: int, slots: Slots) -> int:
        counts = self._counts
        if self._lanes == 1:
            return sum(counts[kind * SLOTS + slot] for slot in slots)
        rows = range(kind * SLOTS, self._lanes * _KINDS * SLOTS, _KINDS * SLOTS)
        return sum(counts[row + slot] for row in rows for slot in slots)

    def _add(self, kind: int, slots: Slots, number: int) -> None:
        for at in self._own(kind, slots):
            self._counts[at] += number
        if self._lanes == 1:
            self.pulse += 1

    def _own(self, kind: int, slots: Slots) -> Iterator[int]:
        row = (self._lane * _KINDS + kind) * SLOTS
        return (row + slot for slot in slots)


def board_bytes(lanes: int) -> int:
    """Return the size of a board for so many workers."""
    return lanes * _KINDS * SLOTS * _ITEM
