"""What fails is left alone for a moment; then one tries it, for all."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 2.0
"""Of all that may pass between the end of an outage and the first who notices (5 s in all)."""


class Tripped(Exception):
    """Nothing may be tried now."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"left alone for {retry_after_s} s")
        self.retry_after_s = retry_after_s
        """Whole seconds, at least one."""


@dataclass(slots=True)
class Breaker:
    """A circuit breaker for one dependency of one process: no failure is waited for twice.

    Each failure in a row doubles the pause; after it one caller is let through, and whatever comes
    of that decides for everybody.
    """

    monotonic: Callable[[], float]
    """Seconds that only grow."""
    after: int = 1
    """Failures in a row before the first pause."""
    longest_s: float = LONGEST_PAUSE_S
    """No pause is longer."""
    _failures: int = field(default=0, init=False)
    _until: float = field(default=-math.inf, init=False)
    """Until when nobody is let through."""
    _trying: bool = field(default=False, init=False)

    @property
    def tripped(self) -> bool:
        """Whether the last that was heard is that it fails."""
        return self._failures >= self.after

    def enter(self) -> None:
        """Return only to somebody who may try, and says afterwards what came of it.

        Raises:
            Tripped: not now.

        """
        if not self.tripped:
            return
        wait_s = self._until - self.monotonic()
        if wait_s > 0 or self._trying:
            raise Tripped(max(1, math.ceil(wait_s)))
        self._trying = True

    def succeeded(self) -> None:
        """It works: everybody is let through."""
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        """It does not."""
        self._trying = False
        self._failures += 1
        beyond = self._failures - self.after
        if beyond >= 0:
            pause_s = min(self.longest_s, PAUSE_S * 2 ** min(beyond, 10))
            self._until = self.monotonic() + pause_s

    def left(self) -> None:
        """Whoever was let through cannot say whether it works: the next one may try."""
        self._trying = False
