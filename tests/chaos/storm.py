"""What happens to whole processes: they are killed, started again, and stopped for a moment."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.oracle import Oracle
from tests.crew import until, workers
from tests.machine import START_S, Machine
from tests.tools.ports import listened_on

AWAY_S = (0.0, 0.8)
"""From the end of the application to its next start."""
STALL_S = (0.2, 3.0)
"""Some are longer than the sidecar waits for an answer."""
WORKER_STALL_S = (0.2, 1.5)
WORKERS_UNTIL = 0.75
"""Of the time: what the last workers then live through shows when all is over."""


@dataclass
class Program:
    """The unruly application, on one port whatever happens to it."""

    port: int
    record: Path
    seed: str
    process: Process | None = None
    _starts: int = field(default=0)

    async def start(self, chance: float) -> None:
        """It serves, and does something wrong with this chance each time."""
        self._starts += 1
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.application", str(self.port)),
            *(f"{self.seed} {self._starts}", str(chance), str(self.record)),
        )
        await listened_on(self.port, START_S)

    async def restart(self, chance: float, away_s: float = 0) -> None:
        """It was killed, and serves again."""
        await self.kill()
        await asyncio.sleep(away_s)
        await self.start(chance)

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def unruly(port: int, record: Path, seed: str) -> AsyncIterator[Program]:
    """Run the application, well-behaved at first, for the length of the block."""
    made = Program(port, record, seed)
    try:
        await made.start(0)
        yield made
    finally:
        await made.kill()


Act = Callable[[], Awaitable[None]]


class Storm:
    """Shuffles what is to happen to the processes and deals it out over the time there is."""

    def __init__(self, at: Machine, program: Program, oracle: Oracle, *, chance: float) -> None:
        self.acts: tuple[Act, ...] = (
            *(self.kill_application, self.stall_application),
            *(self.kill_worker, self.stall_worker),
        )
        self.did: Counter[str] = Counter()
        self._at = at
        self._program = program
        self._oracle = oracle
        self._chance = chance
        self._dice = Random(f"{program.seed} storm")  # noqa: S311 - repeatable
        self._seen: dict[int, int] = {}
        """When each worker was first seen, as a number in order."""

    async def rage(self, seconds: float, times: int) -> None:
        """Each of its acts has been done so often, and so many seconds are over."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deal(self.acts[:2] * times, seconds))
            tasks.create_task(self._deal(self.acts[2:] * times, seconds * WORKERS_UNTIL))

    async def _deal(self, acts: Sequence[Act], seconds: float) -> None:
        began, acts = time.monotonic(), list(acts)
        self._dice.shuffle(acts)
        for number, act in enumerate(acts):
            at = began + (number + self._dice.uniform(0.2, 0.8)) * seconds / len(acts)
            await asyncio.sleep(max(0, at - time.monotonic()))
            await act()
            self.did[act.__name__] += 1
        await asyncio.sleep(max(0, began + seconds - time.monotonic()))

    # --- the application ----------------------------------------------------------------------

    async def kill_application(self) -> None:
        self._oracle.application_died.append(time.monotonic_ns())
        await self._program.restart(self._chance, self._dice.uniform(*AWAY_S))

    async def stall_application(self) -> None:
        assert self._program.process is not None
        await self._stall(self._program.process.pid, self._dice.uniform(*STALL_S))

    # --- workers ------------------------------------------------------------------------------

    async def kill_worker(self) -> None:
        """Kill the one that was there first: one that dies again at once is replaced later."""
        pid = min(await self._workers(), key=self._seen.__getitem__)
        self._oracle.worker_died.append(time.monotonic_ns())
        os.kill(pid, signal.SIGKILL)

    async def stall_worker(self) -> None:
        pids = sorted(await self._workers())
        await self._stall(self._dice.choice(pids), self._dice.uniform(*WORKER_STALL_S))

    async def _workers(self) -> set[int]:
        await until(lambda: bool(workers(self._at)))
        pids = workers(self._at)
        for pid in sorted(pids):
            self._seen.setdefault(pid, len(self._seen))
        return pids

    @staticmethod
    async def _stall(pid: int, seconds: float) -> None:
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
