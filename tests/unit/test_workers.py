"""The supervisor: forks, replaces, gives up, stops."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.supervised import CARE, HOPELESS

PATIENCE_S = 20


@dataclass(frozen=True)
class Start:
    """One start of a worker."""

    number: int
    pid: int
    at: float


@dataclass
class Supervised:
    """A supervisor at work."""

    process: "subprocess.Popen[str]"
    folder: Path

    @property
    def starts(self) -> list[Start]:
        file = self.folder / "starts"
        lines = file.read_text().splitlines() if file.exists() else []
        return [Start(*json.loads(line)) for line in lines]

    def after(self, count: int) -> list[Start]:
        """Return the starts once there were so many."""
        until = time.monotonic() + PATIENCE_S
        while len(found := self.starts) < count:
            assert time.monotonic() < until, found
            time.sleep(0.01)
        return found

    def end(self, wanted: signal.Signals | None = None) -> int:
        """Return the status of the supervisor, after it was told."""
        if wanted is not None:
            self.process.send_signal(wanted)
        return self.process.wait(PATIENCE_S)


@contextmanager
def supervised(
    folder: Path, count: int, *words: str, before: Sequence[str] = ()
) -> Iterator[Supervised]:
    own = (sys.executable, "-m", "tests.unit.supervised", str(count), str(folder))
    command = (*before, *own, *words)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Supervised(process, folder)
        finally:
            process.kill()


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and is still listed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(*pids: int) -> bool:
    until = time.monotonic() + PATIENCE_S
    while any(alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_everybody(tmp_path: Path, wanted: signal.Signals) -> None:
    """Either signal shows status 0, with each worker started once under its own number."""
    with supervised(tmp_path, 3, "wait") as crew:
        starts = crew.after(3)
        assert sorted(start.number for start in starts) == [0, 1, 2]
        assert crew.end(wanted) == 0
        assert gone(*(start.pid for start in starts))
        assert len(crew.starts) == 3


def test_who_dies_is_replaced_alone(tmp_path: Path) -> None:
    """A killed worker shows another one under its number, and the rest untouched."""
    with supervised(tmp_path, 2, "wait") as crew:
        first, other = crew.after(2)
        os.kill(first.pid, signal.SIGKILL)
        replacement = crew.after(3)[2]
        assert replacement.number == first.number
        assert alive(other.pid)
        assert crew.end(signal.SIGTERM) == 0
        told = [json.loads(line) for line in crew.process.communicate()[1].splitlines()]
    assert [line["event"] for line in told] == [
        *("worker.started", "worker.started", "worker.died", "worker.started")
    ]
    assert (told[2]["worker"], told[2]["status"]) == (first.number, -signal.SIGKILL)


def test_who_keeps_dying_is_given_ever_longer_pauses(tmp_path: Path) -> None:
    """A worker that ends at once, whatever its status, shows pauses that double up to a bound."""
    with supervised(tmp_path, 1, "1", "0", str(HOPELESS), "1") as crew:
        starts = crew.after(5)
        pauses = [later.at - sooner.at for sooner, later in pairwise(starts)]
        least = [CARE.pause_s, 2 * CARE.pause_s, CARE.longest_pause_s, CARE.longest_pause_s]
        assert all(pause >= bound for pause, bound in zip(pauses, least, strict=True)), pauses
        assert crew.end(signal.SIGTERM) == 0


def test_a_hopeless_first_start_ends_all(tmp_path: Path) -> None:
    """A first start with the status for a wrong configuration shows it passed on, at once."""
    with supervised(tmp_path, 2, "wait", str(HOPELESS)) as crew:
        assert crew.end() == HOPELESS
        starts = crew.starts
        assert len(starts) <= 2
        assert gone(*(start.pid for start in starts))


def test_who_does_not_end_is_killed(tmp_path: Path) -> None:
    """A worker that is deaf to SIGTERM shows that it is killed in the end, and status 1."""
    with supervised(tmp_path, 2, "deaf") as crew:
        starts = crew.after(2)
        assert crew.end(signal.SIGTERM) == 1
        assert gone(*(start.pid for start in starts))


def test_workers_do_not_outlive_the_supervisor(tmp_path: Path) -> None:
    """A supervisor that is killed shows that its workers are told to stop."""
    with supervised(tmp_path, 2, "wait") as crew:
        starts = crew.after(2)
        assert crew.end(signal.SIGKILL) == -signal.SIGKILL
        assert gone(*(start.pid for start in starts))


def test_an_ignored_sigchld_hides_nothing(tmp_path: Path) -> None:
    """A supervisor started with SIGCHLD ignored shows that deaths are seen all the same."""
    ignoring = ("env", "--ignore-signal=CHLD")
    with supervised(tmp_path, 1, "1", "wait", before=ignoring) as crew:
        crew.after(2)
        assert crew.end(signal.SIGTERM) == 0
