"""What identity sources said of credentials, for as long as nothing can have changed it."""

import hashlib
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import unquote_to_bytes

from sidecar.core.carried import carried_queries, header_key
from sidecar.core.errors import MalformedRequest
from sidecar.core.model import Identity, Person
from sidecar.core.protocols import Carriers, Clock, RequestView
from sidecar.proxy.board import Board, Slots

SHORT: Final = 10
"""Values with fewer letters and digits (`dark`, `en`) are shared by many people's browsers."""

_NOISE: Final = re.compile(rb"[^a-z0-9\x80-\xff]")

Marks = frozenset[bytes]


@dataclass(slots=True, eq=False)
class Answer:
    """What a source says of one credential, from the question on."""

    board: Board = field(repr=False)
    slots: Slots = field(repr=False)
    changes: int
    doubts: int
    unsettled: bool
    """Somebody was signing in with these credentials when the question was asked."""
    sign_ins: Mapping[int, int] = field(repr=False)
    identity: Identity | None = field(default=None, repr=False)
    until: datetime | None = None
    _quiet: int = field(default=-2, init=False, repr=False)
    """The board's pulse when nothing had happened here yet: one look tells that nothing has."""

    @property
    def keepable(self) -> bool:
        """Whether nothing has happened since the question that could change the answer."""
        hears, pulse = self.board.hears, self.board.pulse
        if hears is not None and not hears():
            return False
        if self._quiet == pulse:
            return True
        if self.unsettled or self.board.changes(self.slots) != self.changes:
            return False
        if pulse >= 0:
            self._quiet = pulse
        return True

    @property
    def doubtful(self) -> bool:
        """Whether somebody may have signed in with these credentials since the question."""
        hears = self.board.hears
        if hears is not None and not hears():
            return True
        if self._quiet == self.board.pulse:
            return False  # a doubt is a change too
        return self.unsettled or self.board.doubts(self.slots) != self.doubts

    def counts(self, now: datetime) -> bool:
        """Tell whether the answer can be given again."""
        return self.until is not None and now < self.until and self.keepable

    @property
    def hands(self) -> int:
        """How often, at the most, these credentials may have changed hands since the question."""
        now = self.board.sign_ins(frozenset(self.sign_ins))
        most = max((now[slot] - then for slot, then in self.sign_ins.items()), default=0)
        return most + self.unsettled


@dataclass(frozen=True, slots=True)
class Said:
    """Who a request is from, and what that rests on."""

    identity: Identity | None = field(default=None, repr=False)
    answers: tuple[Answer, ...] = field(default=(), repr=False)
    lasting: bool = False
    """It rests on answers alone that can be given again for as long as they count."""

    @property
    def doubtful(self) -> bool:
        """Whether somebody may have signed in with these credentials meanwhile."""
        for answer in self.answers:  # noqa: SIM110 - asked twice a request: `any` takes longer
            if answer.doubtful:
                return True
        return False

    @property
    def hands(self) -> int:
        """How often, at the most, the credentials may have changed hands meanwhile."""
        return max((answer.hands for answer in self.answers), default=0)


class Marker:
    """Marks the values of credentials, so that one session is known under every spelling.

    A visitor who adds a cookie, quotes or escapes a value sends other bytes that mean the same
    session to the application; what one of them changes must be forgotten for all.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def marks(self, view: RequestView, carriers: Carriers, *, least: int = 1) -> Marks:
        """Return the marks of all values with at least so many letters and digits."""
        values = map(_plain, _values(view, carriers))
        return frozenset(self._mark(value) for value in values if len(value) >= least)

    def person(self, person: Person) -> bytes:
        """Return the mark that all answers naming this person carry."""
        return self._mark(b"\n".join((person.realm.encode(), person.subject.encode())))

    def _mark(self, value: bytes) -> bytes:
        return hashlib.blake2b(value, key=self._key, digest_size=16).digest()


class Known:
    """Answers by credential, and what happened to the marks they were found by.

    The board is common to all workers: what one of them sees happen counts for every one.
    """

    def __init__(self, clock: Clock, board: Board) -> None:
        self._clock = clock
        self._board = board
        self._kept: dict[Hashable, Answer] = {}

    def get(self, key: Hashable) -> Answer | None:
        """Return the answer that still counts for exactly these credentials."""
        answer = self._kept.get(key)
        return answer if answer is not None and answer.counts(self._clock()) else None

    def expect(self, marks: Marks) -> Answer:
        """Return the answer to a question that is asked now."""
        board, slots = self._board, self._board.slots(marks)
        # Read in this order, so that what happens between two of the lines is seen by one.
        changes, doubts, sign_ins = (
            board.changes(slots),
            board.doubts(slots),
            board.sign_ins(slots),
        )
        return Answer(board, slots, changes, doubts, board.unsettled(slots), sign_ins)

    def keep(self, key: Hashable, answer: Answer, person: bytes) -> None:
        """The answer counts until its time is over, unless something happened meanwhile."""
        if not answer.keepable:
            return
        theirs = self._board.slots((person,)) - answer.slots
        answer.changes += self._board.changes(theirs)
        answer.doubts += self._board.doubts(theirs)
        answer.slots |= theirs
        self._kept[key] = answer

    def forget(self, marks: Iterable[bytes]) -> None:
        """What carries any of these marks is asked anew; answers under way are not kept."""
        self._board.change(self._board.slots(marks))

    def signed_in(self, marks: Marks) -> None:
        """Somebody may have signed in with these credentials."""
        self._board.sign_in(self._board.slots(marks))

    def unsettle(self, marks: Marks) -> Callable[[], None]:
        """Nothing that carries these marks counts until the returned function is called.

        Meanwhile somebody may sign in with them, at a moment that only the application knows; so
        an answer must neither be kept between, nor outlive, the two ends of such a request.
        """
        slots = self._board.slots(marks)
        self._board.open(slots)
        return partial(self._board.close, slots)

    def sweep(self) -> None:
        """Answers that cannot be used any more are gone, so that memory stays bounded."""
        now = self._clock()
        self._kept = {key: answer for key, answer in self._kept.items() if answer.counts(now)}


def _values(view: RequestView, carriers: Carriers) -> Iterator[bytes]:
    """Yield everything by which an application could tell who this is."""
    names = {header_key(name.encode()) for name in carriers.headers}
    for name, value in view.headers:
        key = header_key(name)
        if key == b"cookie" and carriers.any_cookie:
            yield from value.split(b";")
        elif key in names:
            yield value
    try:
        pieces = carried_queries(view.query, carriers.queries) if carriers.queries else ()
    except MalformedRequest:
        return
    yield from (piece.encode() for piece in pieces)


def _plain(piece: bytes) -> bytes:
    """Return a value without its name and whatever readers of cookies disagree about."""
    value = piece.partition(b"=")[2]
    return _clean(value) or _clean(piece) or piece


def _clean(value: bytes) -> bytes:
    return _NOISE.sub(b"", unquote_to_bytes(value).lower())
