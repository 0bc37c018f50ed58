"""How far this process's clock is from the database's."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

import structlog

from sidecar.core.errors import ClockOff
from sidecar.core.protocols import Clock

MOST: Final = timedelta(seconds=1)
"""Farther off, proofs would be dated so that other processes take them for too new, or too old."""
SLOWEST: Final = timedelta(milliseconds=500)
"""An answer that took longer does not say when, between question and answer, it was true."""
REMEMBERED: Final = 5
"""Of so many measurements the one that took least time counts: it can be wrong by the least."""
WARNED_EVERY: Final = timedelta(minutes=1)

log = structlog.get_logger(__name__)


class ClockOffset:
    """The difference, measured with each reading of the feed."""

    def __init__(self, wall: Clock) -> None:
        self.wall = wall
        """The time of day, which nobody moves."""
        self._measured: deque[tuple[timedelta, timedelta]] = deque(maxlen=REMEMBERED)
        self._warned_at: datetime | None = None

    @property
    def now(self) -> timedelta:
        """By how much this clock is ahead of the database's; nothing while it is not known."""
        return min(self._measured, default=(timedelta(), timedelta()))[1]

    def learn(self, asked_at: datetime, told: datetime | None) -> None:
        """The database said, just now, what its clock showed since it was asked."""
        answered_at = self.wall()
        took = answered_at - asked_at
        if told is None or not timedelta() <= took <= SLOWEST:
            return
        self._measured.append((took, asked_at + took / 2 - told))
        self._warn(answered_at)

    async def require(self) -> None:
        """Return only if times of this process mean the same everywhere.

        Raises:
            ClockOff: they do not.

        """
        if abs(self.now) > MOST:
            raise ClockOff(f"{self.now.total_seconds():+.1f} s from the database's clock")

    def _warn(self, now: datetime) -> None:
        if abs(self.now) <= MOST:
            self._warned_at = None
        elif self._warned_at is None or now - self._warned_at >= WARNED_EVERY:
            self._warned_at = now
            log.error(
                "clock.off",
                seconds=round(self.now.total_seconds(), 1),
                hint="synchronise the clocks of this machine and of the database's by NTP",
            )
