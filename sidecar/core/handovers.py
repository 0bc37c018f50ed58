"""Credentials that may change hands: what one replica tells the others of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

HELD_FOR: Final = timedelta(minutes=1)
"""For so long nobody keeps anything about the credentials, unless they are told that it is over.

A replica that dies in the middle of a sign-in never tells; one that lives tells again in time.
"""
RENEWED_EVERY: Final = timedelta(seconds=20)
MARK_BYTES: Final = 4
"""Of each keyed hash of a credential as much as finds its slot, and no more."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A request that may make somebody else of whoever a credential means."""

    id: str
    marks: frozenset[bytes] = field(repr=False)
    over: bool = False
    """It has ended; or it is told of only now, because nobody could know before."""


class Unreadable(ValueError):
    """A row that was not written by `spell`."""


def spell(by: str, handovers: Iterable[Handover]) -> str:
    """Return what a row of the feed says: who tells it, and each handover."""
    told = [[one.id, one.over, "".join(sorted(map(_short, one.marks)))] for one in handovers]
    return json.dumps([by, told], separators=(",", ":"))


def read(text: str) -> tuple[str, tuple[Handover, ...]]:
    """Return who tells it, and the handovers.

    Raises:
        Unreadable: it was written by another version, or by nobody of us.

    """
    try:
        by, told = json.loads(text)
        found = tuple(
            Handover(str(which), _marks(marks), bool(over)) for which, over, marks in told
        )
    except (ValueError, TypeError) as error:
        raise Unreadable(str(error)) from error
    return str(by), found


def _short(mark: bytes) -> str:
    return mark[:MARK_BYTES].hex()


def _marks(text: str) -> frozenset[bytes]:
    whole = bytes.fromhex(text)
    if len(whole) % MARK_BYTES:
        raise ValueError("half a mark")
    return frozenset(whole[at : at + MARK_BYTES] for at in range(0, len(whole), MARK_BYTES))
