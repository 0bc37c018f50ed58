"""Passive health: what the last requests say of an address, and when it is worth another one."""

from dataclasses import dataclass
from typing import Final

FAILURES: Final = 3
"""In a row; one alone may be the fault of the request."""
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
"""The pause doubles with every trial that fails, up to here."""


@dataclass(slots=True)
class Health:
    """An address that fails again and again is set aside; single trials bring it back.

    A trial is a request like any other. It has no state that could be lost when it ends without a
    verdict: it moves the next one a pause ahead, so that an address that hangs holds up one
    request for each pause, not all of them.
    """

    failures: int = 0
    """Since the last success."""
    pause_s: float = 0.0
    """Between two trials; 0: the address is not set aside."""
    due: float = 0.0
    """When the next trial may begin."""

    @property
    def set_aside(self) -> bool:
        return self.pause_s > 0

    def ready(self, now: float) -> bool:
        """Whether a request may go there: nothing is held against it, or a trial is due."""
        return not self.pause_s or now >= self.due

    def begin(self, now: float) -> bool:
        """Whether the request that goes there now is a trial; the next one is due a pause later."""
        if not self.pause_s or now < self.due:
            return False
        self.due = now + self.pause_s
        return True

    def succeeded(self) -> None:
        self.failures = 0
        self.pause_s = 0.0

    def failed(self, now: float, *, trial: bool) -> None:
        """The address is set aside after so many failures, and for longer after each trial.

        What else fails meanwhile was on its way before, or was sent for want of a better address.
        """
        self.failures += 1
        if not self.pause_s:
            self.pause_s = FIRST_PAUSE_S if self.failures >= FAILURES else 0.0
        elif trial:
            self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)
        else:
            return
        self.due = now + self.pause_s
