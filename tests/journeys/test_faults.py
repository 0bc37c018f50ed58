"""What the replicas rest on fails in every way there is, under a constant load of known people."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.application import Application
from tests.faults.browser import Street
from tests.faults.crowd import crowd
from tests.faults.ledger import Came, Ledger
from tests.faults.line import Condition, Held, Hole, Line, Slow, Tearing, Way, line
from tests.faults.replicas import complaints, replicas, settings
from tests.faults.settle import settled
from tests.faults.weather import Act, Fault, Felt, Weather
from tests.postgres import Server
from tests.redis import Redis
from tests.tools.ports import free_ports

SEED = os.environ.get("FAULTS_SEED", "1")
"""Another one makes other people and other tears; how processes take turns differs each time."""
TIMES = int(os.environ.get("FAULTS_TIMES", "1"))
"""How often everything goes wrong, one after the other."""
MOST_SHOWN = 10
"""Faults in a report."""
LEAST_PEOPLE = 3
"""Enrolled, in the shortest of all; a machine that has time gives many times as many."""
SLOW_S = 0.01
"""On each piece each way: a statement takes ten times what it does else."""
TEARS = 0.1
"""The share of pieces in which the line tears."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180 + 120 * TIMES)]


def becomes(made: Callable[[], Condition]) -> Act:
    async def begin(on: Line) -> None:
        on.become(made())

    return begin


def tears(*ways: Way) -> Act:
    dice = Random(f"{SEED} {ways}")  # noqa: S311 - repeatable
    return becomes(lambda: Tearing(dice, TEARS, ways))


async def forget(on: Line) -> None:
    on.forget()


DATABASE = (
    Fault("cut", 2.5, Line.cut),
    Fault("slow", 2, becomes(lambda: Slow(SLOW_S)), fails=False, told=False),
    Fault("swallowed", 4, becomes(Hole)),
    Fault("held", 4, becomes(Held)),
    Fault("torn on its way there", 2.5, tears(Way.THERE), told=False),
    Fault("torn on its way back", 2.5, tears(Way.BACK), told=False),
    Fault("forgotten", 2.5, forget, told=False),  # as long as a statement is waited for
)


REDIS = (
    Fault("cut", 2.5, Line.cut),
    Fault("swallowed", 2.5, becomes(Hole)),
    Fault("held", 2.5, becomes(Held)),
    Fault("torn", 2.5, tears(*Way), told=False),
)


def emptied(server: Redis, street: Street) -> Fault:
    """Return what befalls a Redis that is gone and comes back with nothing in it."""

    async def end(_on: Line) -> None:
        server.kill()

    async def start_empty(_on: Line) -> None:
        street.forgot_at = time.monotonic()
        server.start()  # here: it ends with the thread that starts it

    return Fault("restarted empty", 2.5, end, start_empty)


@dataclass
class Trial:
    """Replicas and people, whom nothing has befallen yet."""

    street: Street
    on: Line
    faults: Sequence[Fault]

    async def endure(self, application: Application) -> list[Felt]:
        """Everybody lives through every fault; return what was felt of each."""
        felt = []
        ports = [
            urlsplit(f"//{at.loaded.settings.listen.probes}").port for at in self.street.machines
        ]
        weather = Weather(self.street, self.on, [port for port in ports if port])
        async with crowd(self.street, application, SEED) as people:
            await people.enroll_scribes()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(weather.watch())
                tasks.create_task(people.go_on())
                await weather.be_calm()
                for fault in self.faults:
                    felt.append(await weather.bring(fault))
                    print(felt[-1])
                self.street.over.set()
            print(await people.haunt_all(), "sessions are over", self.street.ledger.latest_s)
        return felt


async def shown(trial: Trial, application: Application) -> None:
    """Nobody was told anything wrong, and each fault was felt while it lasted and no longer."""
    felt = await trial.endure(application)
    machines, ledger = trial.street.machines, trial.street.ledger
    print(await settled(machines[0], ledger), ledger.counts, sep="\n")
    faults = [*ledger.faults, *(one for at in machines for one in complaints(at))]
    assert not faults, "\n".join((f"FAULTS_SEED={SEED}", *faults[:MOST_SHOWN]))
    assert sum(one.enrolled[Came.DONE] for one in ledger.people.values()) >= LEAST_PEOPLE
    for fault, one in zip(trial.faults, felt, strict=True):
        assert max(max(each) for each in one.recovered_s.values()) <= one.allowed_s, one
        assert one.failed > 0 or not fault.fails, one
        assert all(one.told) or not fault.told, one
        assert all(words >= {*fault.goes_on} for words in one.went_on), one


@asynccontextmanager
async def two(
    application: Application, database: str, **changes: Mapping[str, Any]
) -> AsyncIterator[Street]:
    """Two replicas, of one process each."""
    async with replicas((1, 1), application, {**settings(database), **changes}) as machines:
        yield Street(machines, Ledger())


async def test_the_database_fails_in_every_way(postgres: Server) -> None:
    """PostgreSQL cut off, slow, silent, torn in the middle and forgotten shows nobody let in who
    should not be, no confirmed change lost, honest errors only, and all well within 5 s.
    """
    application, (near,) = Application(), free_ports(1)
    async with postgres.empty() as url, line(postgres.port, near) as to:
        through = url.replace(f":{postgres.port}/", f":{near}/")
        async with two(application, through) as street:
            await shown(Trial(street, to, DATABASE * TIMES), application)


async def test_redis_that_counts_fails(postgres: Server, redis_server: Redis) -> None:
    """Redis cut off, and started anew with nothing in it, shows the same where limits are counted
    there, and that whoever is let in without it still is.
    """
    application, (near,) = Application(), free_ports(1)
    async with postgres.empty() as url, line(redis_server.port, near) as to:
        redis = {"address": f"127.0.0.1:{near}", "prefix": "counts"}
        async with two(application, url, redis=redis) as street:
            faults = REDIS[0], emptied(redis_server, Street((), Ledger()))
            goes_on = [replace(fault, goes_on=("right", "write")) for fault in faults]
            await shown(Trial(street, to, goes_on * TIMES), application)


async def test_redis_that_keeps_sessions_fails(postgres: Server, redis_server: Redis) -> None:
    """Redis silent, torn in the middle and started anew with nothing in it shows the same where
    sessions are kept there: at the worst everybody proves again.
    """
    application, (near,) = Application(), free_ports(1)
    async with postgres.empty() as url, line(redis_server.port, near) as to:
        redis = {"address": f"127.0.0.1:{near}", "prefix": "keeps"}
        session = {"store": "redis"}
        async with two(application, url, redis=redis, session=session) as street:
            faults = [*REDIS[1:], emptied(redis_server, street)]
            await shown(Trial(street, to, faults * TIMES), application)
