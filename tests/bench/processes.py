"""Processes that a run starts, ends and measures, with all of their children."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.tools.ports import wait_for

START_S = 30.0
END_S = 10.0
TICKS_S = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def cpu_of(stat: str) -> float:
    """Return the CPU time, user and system, of a process and of children that have ended.

    Source: proc(5), fields 14 to 17 of stat; the name before them may hold blanks and brackets.
    """
    fields = stat.rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS_S


def kib_of(status: str, name: str = "VmRSS") -> int:
    """Return a size, as it stands in the status of a process."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name + ":"))


def family(pid: int) -> list[int]:
    """Return the process and everything that it has started and that still runs."""
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):
        for children in (PROC / str(pid) / "task").glob("*/children"):
            for child in children.read_text(encoding="ascii").split():
                found += family(int(child))
    return found


@dataclass(frozen=True, slots=True)
class Running:
    """A program that was started here."""

    pid: int
    log: Path

    def cpu_s(self) -> float:
        """Return the CPU time that the program has taken so far."""
        pids = family(self.pid)
        return sum(cpu_of((PROC / str(pid) / "stat").read_text(encoding="utf-8")) for pid in pids)

    def rss_mib(self) -> float:
        """Return the memory that the program holds now."""
        pids = family(self.pid)
        sizes = [kib_of((PROC / str(pid) / "status").read_text(encoding="utf-8")) for pid in pids]
        return sum(sizes) / 1024


@contextmanager
def running(
    command: Sequence[str | Path],
    log: Path,
    *,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run a program, which listens on the port when the block begins, and end all of it after.

    Raises:
        SystemExit: it did not begin to listen; its last words are shown.

    """
    with log.open("ab") as kept:
        process = subprocess.Popen(
            [str(word) for word in command],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=kept,
            stderr=kept,
            start_new_session=True,  # so that all of it, and nothing else, can be told to end
        )
    try:
        if port is not None:
            wait_for(port, START_S)
        yield Running(process.pid, log)
    except TimeoutError as error:
        raise SystemExit(f"{command[0]}: {error}\n{log.read_text(errors='replace')}") from None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    with suppress(ProcessLookupError):  # what is left of its group, if anything
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
