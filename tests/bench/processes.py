"""Programs that a run starts, ends and measures, each with all of its processes."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools.ports import wait_for

START_S = 30.0
END_S = 10.0
TICKS_S = os.sysconf("SC_CLK_TCK")
SAMPLED_EVERY_S = 0.02
PROC = Path("/proc")


def cpu_of(stat: str) -> float:
    """Return the CPU time, user and system, of a process and of children that have ended.

    Source: proc(5), fields 14 to 17 of stat; the name before them may hold blanks and brackets.
    """
    fields = stat.rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS_S


def kib_of(status: str, name: str = "VmRSS") -> int:
    """Return a size of a process; nothing where it has ended and nobody was told yet."""
    sizes = (line.split() for line in status.splitlines())
    return next((int(words[1]) for words in sizes if words[0] == f"{name}:"), 0)


def family(pid: int) -> list[int]:
    """Return the process and everything that it has started and that still runs."""
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):
        for children in (PROC / str(pid) / "task").glob("*/children"):
            for child in children.read_text(encoding="ascii").split():
                found += family(int(child))
    return found


@dataclass(frozen=True, slots=True)
class Program:
    """A program that can be started, and how one sees that it serves."""

    name: str
    command: Sequence[str | Path]
    log: Path
    port: int
    """Where visitors arrive."""
    ready: tuple[int, str]
    """The port and path that answer 200 once it serves."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A program that was started here."""

    process: subprocess.Popen[bytes]

    def cpu_s(self) -> float:
        """Return the CPU time that the program has taken so far."""
        return sum(cpu_of(text) for text in self._read("stat"))

    def rss_mib(self, name: str = "VmRSS") -> float:
        """Return the memory that the program holds now; `RssAnon`: without pages of files."""
        return sum(kib_of(text, name) for text in self._read("status")) / 1024

    def _read(self, name: str) -> Iterator[str]:
        for pid in family(self.process.pid):
            with suppress(FileNotFoundError, ProcessLookupError):  # ended since it was listed
                yield (PROC / str(pid) / name).read_text(encoding="utf-8", errors="replace")

    @contextmanager
    def growth_mib(self) -> Iterator[list[float]]:
        """Watch the memory during the block; what it grew by at most is in the list after it."""
        before, grown = self.rss_mib(), [0.0]
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(SAMPLED_EVERY_S):
                grown[0] = max(grown[0], self.rss_mib() - before)

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            yield grown
        finally:
            ended.set()
            watching.join()


@contextmanager
def started(program: Program) -> Iterator[Running]:
    """Start a program, which may not serve yet, and end all of it after the block."""
    with program.log.open("ab") as kept:
        process = subprocess.Popen(
            [str(word) for word in program.command],
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=kept,
            stderr=kept,
            start_new_session=True,  # so that all of it, and nothing else, can be told to end
        )
    try:
        yield Running(process)
    finally:
        _end(process)


@contextmanager
def running(program: Program) -> Iterator[Running]:
    """Run a program, which listens when the block begins, and end all of it after.

    Raises:
        SystemExit: it did not begin to listen; its last words are shown.

    """
    with started(program) as made:
        try:
            wait_for(program.port, START_S)
        except TimeoutError as error:
            raise SystemExit(f"{program.name}: {error}\n{_last_words(program)}") from None
        if made.process.poll() is not None:  # somebody else listens there
            raise SystemExit(f"{program.name} has ended\n{_last_words(program)}")
        yield made


def _last_words(program: Program) -> str:
    return program.log.read_text(encoding="utf-8", errors="replace")[-2000:]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    with suppress(ProcessLookupError):  # what is left of its group, if anything
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
