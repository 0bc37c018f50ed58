"""Browsers that people asked to be remembered, and the port that keeps them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NewType, Protocol

from sidecar.core.model import REMEMBERED, AuthenticatorId, Level, Person, Proof, TokenHash

SeriesId = NewType("SeriesId", str)
"""SHA-256 of what all the tokens of one browser begin with, hex."""

GRACE = timedelta(seconds=10)
"""How long the token before the last is taken too: tabs that open together carry the same."""


@dataclass(frozen=True, slots=True)
class TrustedBrowser:
    """One browser that need not confirm again for a while."""

    id: SeriesId
    person: Person
    factor: str
    """That was proven when the person asked for it."""
    proven_at: datetime
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime
    user_agent: str = ""
    address: str = ""
    """Truncated for display: never a full address."""

    def proof(self) -> Proof:
        """Return what the browser stands for: never a fresh proof, and nothing for `amr`."""
        which = AuthenticatorId(self.id)
        return Proof(REMEMBERED, which, (), self.proven_at, Level.TWO_FACTOR)


class Turn(Enum):
    """What became of a token that was offered."""

    TAKEN = "taken"
    """It was the current one, and the next is in its place."""
    PARALLEL = "parallel"
    """It was the current one a moment ago; another tab has the next."""
    LOST = "lost"
    """It was replaced, but nobody was seen with the next, which a broken connection may have taken
    along; another one is in its place."""
    OLDER = "older"
    """It was replaced before: two browsers have it, one of which is a thief's."""
    GONE = "gone"
    """Nothing of this person goes by that name any more."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What became of a token, and whose it was where it is known."""

    turn: Turn
    browser: TrustedBrowser | None = None


class TrustedBrowsers(Protocol):
    """Remembered browsers behind hashes of their tokens.

    A change of the person's authenticators (added, or moved to any other state) ends them all, in
    its own transaction: no flow can forget to.
    """

    async def add(self, browser: TrustedBrowser, counter: TokenHash) -> None: ...

    async def of(self, person: Person, now: datetime) -> tuple[TrustedBrowser, ...]:
        """Return those that are remembered now, last used first."""
        ...

    async def rotate(
        self,
        person: Person,
        series: SeriesId,
        counter: TokenHash,
        *,
        fresh: TokenHash,
        now: datetime,
    ) -> Rotation:
        """The fresh counter is in place, if the one offered was current; by one statement.

        So it is if the one before is offered, and the current one is not known to have arrived.
        """
        ...

    async def arrived(self, person: Person, series: SeriesId) -> None:
        """The current counter reached its browser: whoever has an older one is another."""
        ...

    async def end(self, person: Person, series: SeriesId | None, now: datetime) -> int:
        """One browser of the person, or all, are remembered no longer; return how many were."""
        ...

    async def end_everybody(self, now: datetime) -> int:
        """No browser of anybody is remembered any longer; return how many were."""
        ...
