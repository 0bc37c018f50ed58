"""Whole processes are killed at random, those of sidecars and those that serve their database."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random

from tests.crew import until, workers
from tests.machine import Machine
from tests.postgres import Server

ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
SOME = f"{ALL} AND random() < 0.3"

BETWEEN_S = 0.2, 3.0
LOOK_S = 0.1
Act = Callable[[], Awaitable[None]]


class Reaper:
    """Shuffles whom it comes for, and deals it out over the time there is."""

    def __init__(self, machines: Sequence[Machine], server: Server, database: str) -> None:
        self.did: Counter[str] = Counter()
        self._machines = machines
        self._server = server
        self._database = database

    async def reap(self, seconds: float, seed: str) -> None:
        """So many seconds are over, and everybody had a turn, again and again."""
        dice = Random(f"{seed} reaps")  # noqa: S311 - repeatable
        kills = [partial(self._kill, machine) for machine in self._machines]
        acts: list[Act] = [*kills, self._kill_worker, self._cut_all, self._cut_some]
        ends, first = time.monotonic() + seconds, True
        while time.monotonic() < ends:
            dice.shuffle(acts)
            for act in acts:
                if first or time.monotonic() < ends:
                    await asyncio.sleep(dice.uniform(*BETWEEN_S))
                    await act()
            first = False

    async def _kill(self, machine: Machine) -> None:
        await machine.kill()
        machine.process = None
        while not await self._starts(machine):
            self.did["ended at its start"] += 1
        self.did["sidecar"] += 1

    @staticmethod
    async def _starts(machine: Machine) -> bool:
        """Return whether it listens; one whose database fails just then ends, and is due again."""
        starting = asyncio.get_running_loop().create_task(machine.start())
        while not starting.done():
            await asyncio.wait({starting}, timeout=LOOK_S)
            if machine.process is not None and machine.process.returncode is not None:
                starting.cancel()
                await asyncio.wait({starting})
                return False
        starting.result()
        return True

    async def _kill_worker(self) -> None:
        """One of two workers is gone; the sidecar that they belong to starts another."""
        at = self._machines[0]
        await until(lambda: bool(workers(at)))
        os.kill(min(workers(at)), signal.SIGKILL)
        self.did["worker"] += 1

    async def _cut_all(self) -> None:
        await self._server.execute(ALL.format(self._database))
        self.did["every connection"] += 1

    async def _cut_some(self) -> None:
        await self._server.execute(SOME.format(self._database))
        self.did["some connections"] += 1
