"""How often a secret may be guessed: arithmetic over counts, and the port that keeps them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sidecar.core.model import ChallengeId, Person

WINDOWS: tuple[tuple[timedelta, int], ...] = (
    (timedelta(minutes=5), 5),
    (timedelta(hours=1), 20),
    (timedelta(days=30), 100),
)
"""Tries that did not succeed, per bucket and window; a success resets none of them.

At six digits and three accepted steps, 100 in 30 days is a chance of 3e-4 a month.
"""

STRANGERS_CLOSE_AT = 50
"""Failures in a row after which only a browser that once passed may try (THREATS 57)."""

DISABLE_AT = 100
"""Failures in a row, from everywhere, after which the factor is disabled (NIST 800-63B §3.2.2)."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What the database counted for one person and factor, this claim not included."""

    in_window: tuple[int, ...]
    """Unsuccessful tries of the bucket in each of `WINDOWS`."""
    frees_in_s: tuple[int, ...]
    """Seconds until the oldest try leaves each window."""
    streak: int
    """Unsuccessful tries since the last success, both buckets."""
    strangers_streak: int
    """The same, strangers' bucket only."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One counted try; `last` says that failing it disables the factor."""

    id: int
    last: bool


@dataclass(frozen=True, slots=True)
class Open:
    """The try may be made; `last` says that a failure of it disables the factor."""

    last: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """The try may not be made for so many seconds; None: not until a success elsewhere."""

    retry_after_s: int | None


def judge(tally: Tally, *, known: bool) -> Open | Closed:
    """Tell whether one more try may be made from a known browser or a stranger's."""
    waits = [
        wait
        for (_, limit), count, wait in zip(WINDOWS, tally.in_window, tally.frees_in_s, strict=True)
        if count >= limit
    ]
    if waits:
        return Closed(max(1, *waits))
    if tally.streak >= DISABLE_AT or (not known and tally.strangers_streak >= STRANGERS_CLOSE_AT):
        return Closed(None)
    return Open(last=tally.streak + 1 >= DISABLE_AT)


class Attempts(Protocol):
    """Tries at secrets, counted before they are checked."""

    async def claim(
        self,
        person: Person,
        factor: str,
        *,
        known: bool,
        challenge: ChallengeId,
        now: datetime,
        lasting: bool = True,
    ) -> Claim:
        """One try is counted, atomically with the check that it may be made.

        `lasting`: the secret outlives the ceremony, so that tries in a row close it for good;
        codes that are made anew each time are bounded by their number in a time alone.

        Raises:
            TooManyAttempts: the bucket is closed; nothing was counted.

        """
        ...

    async def closed(
        self, person: Person, factor: str, *, known: bool, now: datetime
    ) -> int | None:
        """Return for how many seconds no try may be made; None: one may. Nothing is counted."""
        ...

    async def settle(self, claim: Claim, *, verified: bool, now: datetime) -> None:
        """The try's outcome is recorded; a try that is never settled stays a failure."""
        ...
