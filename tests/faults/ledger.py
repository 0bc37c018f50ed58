"""What people were told while things broke; whatever must not be, is a fault."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.visitor import Page

HONEST = {
    503: ("store-unavailable", "limiter-unavailable", "identity-unavailable", "upstream-busy"),
    502: ("upstream-unreachable",),
    504: ("upstream-timed-out",),
    429: ("too-many-attempts",),
}
"""What may be told instead of an answer. Never 500, which would be a fault of ours."""
WITH_RETRY = (503, 429)
REACHES_S = 4.0
"""After so long nobody is let in anywhere by what is over: the three seconds for which memory is
trusted without a reading of the feed, and one for an answer that was on its way."""
SHOWN = 300
"""Characters of an answer in a report."""


class Came(Enum):
    """What is known of a change that was asked for."""

    DONE = auto()
    """It was confirmed, and must be there for ever."""
    REFUSED = auto()
    """It was refused, and must not be there."""
    UNSURE = auto()
    """Nobody said: it is there wholly, or not at all."""


class Holds(Enum):
    """What a browser's session is worth, as far as its answers told."""

    NOTHING = auto()
    PROOF = auto()
    ENDED = auto()
    """It was worth a proof, and is over."""
    UNSURE = auto()
    """An answer that would have told is missing."""


@dataclass
class Entry:
    """What was confirmed to one person, and what may have been done beside it."""

    enrolled: Counter[Came] = field(default_factory=Counter)
    """Setting up their first factor."""
    secrets: dict[str, Came] = field(default_factory=dict)
    """Keys of their app that should work."""
    codes: tuple[str, ...] = ()
    """The codes that they were shown and kept."""
    accepted: Counter[str] = field(default_factory=Counter)
    """How often each code was taken."""
    unsure: Counter[str] = field(default_factory=Counter)
    """Codes that may have been taken."""
    removed: list[str] = field(default_factory=list)
    """Keys of their app that should not work any more."""
    doubted: list[str] = field(default_factory=list)
    """Keys of their app that were to be removed, of which nobody said whether they were."""
    renamed: list[tuple[str, Came]] = field(default_factory=list)
    """Names that were given, in order."""
    ended: Counter[Came] = field(default_factory=Counter)


@dataclass
class Ledger:
    """Judges answers as they come, and keeps what to look for in the store afterwards."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    people: defaultdict[str, Entry] = field(default_factory=lambda: defaultdict(Entry))
    may_die: bool = False
    """Processes are killed, so that an answer may not come at all."""
    latest_s: float = 0
    """The longest that a session which was over let somebody in."""

    def fault(self, what: str) -> None:
        self.faults.append(what)

    # --- answers ------------------------------------------------------------------------------

    def lets_work(self, page: Page) -> bool:
        """Return whether it is an answer at all; what stands in for one must be honest."""
        if page.status in HONEST:
            self._honest(page)
            self.counts[str(page.status)] += 1
            return False
        if page.status >= 500:
            self.fault(f"an error of ours: {told(page)}")
        return page.status < 500

    def _honest(self, page: Page) -> None:
        if page.status in WITH_RETRY and not page.headers.get("Retry-After", "").isdigit():
            self.fault(f"does not say when to come back: {told(page)}")
        if page.headers.get("Content-Type", "").startswith("application/problem+json"):
            slug = json.loads(page.text)["type"].rpartition("/")[2]
            if slug not in HONEST[page.status]:
                self.fault(f"an error that is not honest here: {told(page)}")

    def opened(
        self, user: str, page: Page | None, holds: Holds, *, late_s: float | None = None
    ) -> str:
        """Judge what somebody got of the application; return in one word what it was.

        `late_s`: by how much later they asked than a session which is over may be of any use.
        """
        if page is None or not self.lets_work(page):
            return "unavailable"
        if page.status == 200:
            path = page.url.partition("?")[0]
            if page.text != f"application: {path} for {user}":
                self.fault(f"not what {user} may see: {told(page)}")
            elif holds is Holds.NOTHING:
                self.fault(f"{user} was let in without a proof: {told(page)}")
            elif holds is Holds.ENDED and late_s is not None:
                self._let_in_late(user, page, late_s)
            return "right"
        if page.status not in {302, 303, 401, 403}:
            self.fault(f"neither in nor out: {told(page)}")
        elif holds is Holds.PROOF:
            self.fault(f"{user} has proven it, and is asked: {told(page)}")
        return "asked"

    def _let_in_late(self, user: str, page: Page, late_s: float) -> None:
        self.latest_s = max(self.latest_s, late_s + REACHES_S)
        if late_s > 0:
            self.fault(f"{user} was let in {late_s:.1f} s too late: {told(page)}")

    # --- changes ------------------------------------------------------------------------------

    def answered(self, user: str, code: str, page: Page | None) -> Came:
        """A code was given as an answer; each may be taken once, whatever happens."""
        came = self.came(page)
        entry = self.people[user]
        if came is Came.DONE:
            entry.accepted[code] += 1
            self.counts["code taken"] += 1
            if entry.accepted[code] > 1:
                self.fault(f"{user}'s code {code} was taken {entry.accepted[code]} times")
        elif came is Came.UNSURE:
            entry.unsure[code] += 1
        return came

    def came(self, page: Page | None) -> Came:
        """Return what became of a change, by its answer; None where none came."""
        if page is None:
            return Came.UNSURE
        if not self.lets_work(page):
            return Came.REFUSED if page.status == 429 else Came.UNSURE
        return Came.DONE if page.status == 303 else Came.REFUSED


def told(page: Page) -> str:
    """Return an answer for a person to read."""
    return f"{page.url} {page.status} {dict(page.headers)} {page.text[:SHOWN]!r}"
