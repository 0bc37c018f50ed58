"""What identity sources said of credentials, for as long as nothing can have changed it."""

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote_to_bytes
from weakref import WeakSet

from sidecar.core.carried import carried_queries, header_key
from sidecar.core.errors import MalformedRequest
from sidecar.core.model import Identity, Person
from sidecar.core.protocols import Carriers, Clock, RequestView

SHORT: Final = 10
"""Values with fewer letters and digits (`dark`, `en`) are shared by many people's browsers."""

_NOISE: Final = re.compile(rb"[^a-z0-9\x80-\xff]")

Marks = frozenset[bytes]


@dataclass(slots=True, eq=False, weakref_slot=True)
class Answer:
    """What a source says of one credential, from the question on."""

    marks: Marks = field(repr=False)
    identity: Identity | None = field(default=None, repr=False)
    until: datetime | None = None
    keepable: bool = True
    """Nothing has happened since the question that could make the answer another one."""
    doubtful: bool = False
    """Somebody may have signed in with these credentials since the question."""


class Marker:
    """Marks the values of credentials, so that one session is known under every spelling.

    A visitor who adds a cookie, quotes or escapes a value sends other bytes that mean the same
    session to the application; what one of them changes must be forgotten for all.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

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
    """Answers by credential, found again by their marks when they must be forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Hashable, Answer] = {}
        self._marked: dict[bytes, WeakSet[Answer]] = {}
        self._unsettled: Counter[bytes] = Counter()

    def get(self, key: Hashable) -> Answer | None:
        """Return the answer that still counts for exactly these credentials."""
        answer = self._kept.get(key)
        if answer is None or answer.until is None or self._clock() >= answer.until:
            return None
        return answer if answer.keepable else None

    def expect(self, marks: Marks) -> Answer:
        """Return the answer to a question that is asked now."""
        unsettled = not self._unsettled.keys().isdisjoint(marks)
        answer = Answer(marks, keepable=not unsettled, doubtful=unsettled)
        self._index(answer, marks)
        return answer

    def keep(self, key: Hashable, answer: Answer, person: bytes) -> None:
        """The answer counts until its time is over, unless something happened meanwhile."""
        self._index(answer, (person,))
        if answer.keepable:
            self._kept[key] = answer

    def dismiss(self, answer: Answer) -> None:
        """The answer names nobody: there is nothing to be found again."""
        for mark in answer.marks:
            answers = self._marked.get(mark)
            if answers is not None:
                answers.discard(answer)
                if not answers:
                    del self._marked[mark]

    def forget(self, marks: Iterable[bytes]) -> None:
        """What carries any of these marks is asked anew; answers under way are not kept."""
        for answer in self._found(marks):
            answer.keepable = False

    def unsettle(self, marks: Marks) -> Callable[[], None]:
        """Nothing that carries these marks counts until the returned function is called.

        Meanwhile somebody may sign in with them, at a moment that only the application knows; so
        an answer must neither be kept between, nor outlive, the two ends of such a request.
        """
        self._unsettled.update(marks)
        self._doubt(marks)

        def settle() -> None:
            self._unsettled.subtract(marks)
            self._unsettled = +self._unsettled
            self._doubt(marks)

        return settle

    def _doubt(self, marks: Marks) -> None:
        for answer in self._found(marks):
            answer.keepable, answer.doubtful = False, True

    def _found(self, marks: Iterable[bytes]) -> Iterator[Answer]:
        for mark in marks:
            yield from self._marked.get(mark, ())

    def _index(self, answer: Answer, marks: Iterable[bytes]) -> None:
        for mark in marks:
            self._marked.setdefault(mark, WeakSet()).add(answer)

    def sweep(self) -> None:
        """Answers that cannot be used any more are gone, so that memory stays bounded."""
        now = self._clock()
        self._kept = {
            key: answer
            for key, answer in self._kept.items()
            if answer.keepable and answer.until is not None and now < answer.until
        }
        self._marked = {mark: answers for mark, answers in self._marked.items() if answers}


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
