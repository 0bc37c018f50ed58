"""Counters by which the workers of one machine tell each other what must be asked anew."""

import secrets
from collections.abc import Callable, Iterable
from typing import Final

from sidecar.lanes import Lanes

SLOTS: Final = 4096
"""Marks share a slot now and then; then one question more is asked, and none less."""

KEY_BYTES: Final = 32
_CHANGES, _DOUBTS, _OPEN, _SIGN_INS, _ELSEWHERE = range(5)
CELLS: Final = 5 * SLOTS

Slots = frozenset[int]


class Board:
    """Five rows of counters in the lane of each worker."""

    def __init__(self, lanes: Lanes | None = None) -> None:
        self._lanes = Lanes(1, CELLS) if lanes is None else lanes
        self._own = self._lanes.rows[0]
        self.pulse = 0 if len(self._lanes.rows) == 1 else -1
        """Another number after every event, for one process alone; -1 where there are several.

        Whoever saw nothing happen under some slots need not look again until it beats. Between
        processes it could be seen before what it tells of.
        """
        self.key = secrets.token_bytes(KEY_BYTES)
        """Makes the marks of all workers the same, and meaningless to anybody else."""
        self.id = secrets.token_hex(8)
        """Whose workers look at this board: what they tell other replicas they know already."""
        self.hears: Callable[[], bool] | None = None
        """Tells whether what happens at other replicas is seen here; None: there is no other."""

    @classmethod
    def shared(cls, workers: int) -> "Board":
        """Return a board that processes forked from this one write on together."""
        return cls(Lanes(workers, CELLS))

    def spread(self, key: bytes, hears: Callable[[], bool]) -> None:
        """There are other replicas: marks are the same in all of them.

        What they saw is not heard while the feed cannot be read, and nothing beats then.
        """
        self.key, self.hears = key, hears

    def take(self, lane: int) -> None:
        """This process writes in the lane; whatever its predecessor had begun there is over."""
        self._own = self._lanes.rows[lane]
        every = frozenset(range(SLOTS))
        for slot in every:
            self._own[_OPEN * SLOTS + slot] = 0
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

    def signed_in_elsewhere(self, slots: Slots) -> None:
        """Somebody may sign in at another replica, with what is counted here.

        Every worker hears of it and writes it down; it is still one sign-in.
        """
        self._add(_ELSEWHERE, slots, 1)

    # -- hearing -------------------------------------------------------------------------------

    def changes(self, slots: Slots) -> int:
        """Return a number that is another one after each `change` of any of them."""
        return self._sum(_CHANGES, slots)

    def doubts(self, slots: Slots) -> int:
        """Return a number that is another one after each `doubt` of any of them."""
        return self._sum(_DOUBTS, slots)

    def sign_ins(self, slots: Slots) -> dict[int, int]:
        """Return how many sign-ins were counted in each of them."""
        return {
            slot: self._sum(_SIGN_INS, frozenset((slot,))) + self._most(_ELSEWHERE, slot)
            for slot in slots
        }

    def unsettled(self, slots: Slots) -> bool:
        """Tell whether anything is open."""
        return self._sum(_OPEN, slots) > 0

    def _sum(self, kind: int, slots: Slots) -> int:
        first = kind * SLOTS
        return sum(row[first + slot] for row in self._lanes.rows for slot in slots)

    def _most(self, kind: int, slot: int) -> int:
        return max(row[kind * SLOTS + slot] for row in self._lanes.rows)

    def _add(self, kind: int, slots: Slots, number: int) -> None:
        for slot in slots:
            self._own[kind * SLOTS + slot] += number
        if self.pulse >= 0:
            self.pulse += 1
