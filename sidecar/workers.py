"""Processes that share the work: a supervisor forks them and replaces those that die."""

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from typing import Final

import structlog

PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
"""Between two starts of a worker that keeps dying; one that lived longer starts afresh."""

_WATCHED: Final = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT})
_IDLE_S: Final = 3600.0
_PR_SET_PDEATHSIG: Final = 1
"""Source: linux/prctl.h."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Care:
    """How the supervisor treats its workers."""

    hopeless: int
    """The status by which a first start says that another one will not help."""
    patience_s: float
    """From asking workers to stop to killing them."""
    pause_s: float = PAUSE_S
    longest_pause_s: float = LONGEST_PAUSE_S


def supervise(count: int, care: Care) -> int:
    """Return in each of so many new processes, with its number; the caller's own stays in here.

    Workers inherit what the caller has at this moment, so no event loop, thread or connection may
    exist yet. They are told to stop (SIGTERM) when the caller is, and also when it vanishes.

    Raises:
        SystemExit: in the caller, once every worker has ended: with 0 after SIGTERM or SIGINT, 1
            if one had to be killed, or `hopeless` if a first start ended so.

    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would hide how workers ended
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    supervisor, crew = os.getpid(), _Crew(count, care)
    while not crew.gone:
        number = crew.complete(time.monotonic())
        if number is not None:
            _start_work(supervisor, mask)
            return number
        told = signal.sigtimedwait(_WATCHED, crew.quiet_s(time.monotonic()))
        if told is not None and told.si_signo != signal.SIGCHLD:
            crew.stop(0, time.monotonic())
        crew.look_after(time.monotonic())
    raise SystemExit(crew.status)


def _start_work(supervisor: int, mask: set[signal.Signals | int]) -> None:
    """This new process hears signals again, and ends when the supervisor is gone."""
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != supervisor:
        raise SystemExit(1)


@dataclass(slots=True)
class _Place:
    """Where one worker works, or the next one will."""

    number: int
    pid: int | None = None
    starts: int = 0
    since: float = 0.0
    due: float = 0.0
    pause_s: float = 0.0


class _Crew:
    """All workers of one supervisor."""

    def __init__(self, count: int, care: Care) -> None:
        self._care = care
        self._places = tuple(_Place(number) for number in range(count))
        self._deadline: float | None = None
        self.status = 0

    @property
    def gone(self) -> bool:
        """Whether a stop was asked for and every worker has ended."""
        return self._deadline is not None and not any(place.pid for place in self._places)

    def quiet_s(self, now: float) -> float:
        """Return for how long nothing is to be done unless a signal arrives."""
        if self._deadline is not None:
            return max(0.0, self._deadline - now)
        due = (place.due - now for place in self._places if place.pid is None)
        return max(0.0, min(due, default=_IDLE_S))

    def complete(self, now: float) -> int | None:
        """Every place that is due has its worker; return the number in a new process only."""
        for place in self._places:
            if self._deadline is None and place.pid is None and place.due <= now:
                pid = os.fork()
                if pid == 0:
                    return place.number
                place.pid, place.since = pid, now
                place.starts += 1
                log.info("worker.started", worker=place.number, pid=pid)
        return None

    def stop(self, status: int, now: float) -> None:
        """Nobody is replaced any more, and everybody was told to finish."""
        if self._deadline is None:
            self._deadline, self.status = now + self._care.patience_s, status
            self._signal(signal.SIGTERM)

    def look_after(self, now: float) -> None:
        """Whoever ended is known to have, and whoever did not end in time is killed."""
        for place in self._places:
            if place.pid is not None:
                pid, how = os.waitpid(place.pid, os.WNOHANG)
                if pid:
                    place.pid = None
                    self._ended(place, os.waitstatus_to_exitcode(how), now)
        if self._deadline is not None and now >= self._deadline and not self.gone:
            self.status = self.status or 1
            self._deadline = now + self._care.patience_s
            self._signal(signal.SIGKILL)

    def _ended(self, place: _Place, status: int, now: float) -> None:
        if self._deadline is not None:
            return
        if status == self._care.hopeless and place.starts == 1:
            self.stop(status, now)
            return
        lasted = now - place.since > self._care.longest_pause_s
        longer = self._care.pause_s if lasted else place.pause_s * 2 or self._care.pause_s
        place.pause_s = min(longer, self._care.longest_pause_s)
        place.due = now + place.pause_s
        log.error("worker.died", worker=place.number, status=status, again_in_s=place.pause_s)

    def _signal(self, wanted: signal.Signals) -> None:
        for place in self._places:
            if place.pid is not None:
                os.kill(place.pid, wanted)
