"""What the replicas rest on fails in every way there is, under a constant load of known people."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from random import Random
from urllib.parse import urlsplit

import pytest

from tests.application import Application
from tests.faults.browser import Street
from tests.faults.crowd import Crowd, crowd
from tests.faults.ledger import Came, Ledger
from tests.faults.line import Condition, Held, Hole, Line, Slow, Tearing, Way, line
from tests.faults.replicas import complaints, replicas, settings
from tests.faults.settle import settled
from tests.faults.weather import RECOVERS_S, Fault, Felt, Weather
from tests.postgres import Server
from tests.tools.ports import free_ports

SEED = os.environ.get("FAULTS_SEED", "1")
"""Another one makes other people and other tears; how processes take turns differs each time."""
TIMES = int(os.environ.get("FAULTS_TIMES", "1"))
"""How often everything goes wrong, one after the other."""
MOST_SHOWN = 10
"""Faults in a report."""
LEAST_PEOPLE = 5
"""Enrolled; a machine that has nothing else to do gives several times as many."""
SLOW_S = 0.01
"""On each piece each way: a statement takes ten times what it does else."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 180 * TIMES)]


def becomes(made: Callable[[], Condition]) -> Callable[[Line], Awaitable[None]]:
    async def begin(on: Line) -> None:
        on.become(made())

    return begin


async def forget(on: Line) -> None:
    on.forget()


def tearing(way: Way) -> Callable[[], Condition]:
    dice = Random(f"{SEED} {way}")  # noqa: S311 - repeatable
    return lambda: Tearing(dice, 0.1, (way,))


DATABASE = (
    Fault("cut", 4, Line.cut),
    Fault("slow", 4, becomes(lambda: Slow(SLOW_S)), fails=False, unready=False),
    Fault("swallowed", 6, becomes(Hole)),
    Fault("held", 6, becomes(Held)),
    Fault("torn on its way there", 4, becomes(tearing(Way.THERE)), unready=False),
    Fault("torn on its way back", 4, becomes(tearing(Way.BACK)), unready=False),
    Fault("forgotten", 2.5, forget, unready=False),  # as long as a statement is waited for
)


async def weathered(weather: Weather, people: Crowd, street: Street) -> list[Felt]:
    """Let everybody live through every fault; return what was felt of each."""
    felt = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(weather.watch())
        tasks.create_task(people.go_on())
        await asyncio.sleep(1)
        for _ in range(TIMES):
            for fault in DATABASE:
                felt.append(await weather.bring(fault))
                print(felt[-1])
        street.over.set()
    return felt


def assert_felt(felt: list[Felt], faults: tuple[Fault, ...]) -> None:
    """Each fault was felt while it lasted, and not for long after."""
    late = [
        one for one in felt for each in one.recovered_s.values() for s in each if s > RECOVERS_S
    ]
    assert late == []
    for fault, one in zip(faults * TIMES, felt, strict=True):
        assert one.failed > 0 or not fault.fails, one
        assert all(one.unready) or not fault.unready, one


async def test_the_database_fails_in_every_way(postgres: Server) -> None:
    """PostgreSQL cut off, slow, silent, torn in the middle and forgotten shows nobody let in who
    should not be, no confirmed change lost, honest errors only, and all well within 5 s.
    """
    near, *_ = free_ports(1)
    application, ledger = Application(), Ledger()
    async with postgres.empty() as url, line(postgres.port, near) as to:
        through = url.replace(f":{postgres.port}/", f":{near}/")
        async with replicas((1, 1), application, settings(through)) as machines:
            street = Street(machines, ledger)
            probes = [urlsplit(f"//{at.loaded.settings.listen.probes}").port for at in machines]
            async with crowd(street, application, SEED) as people:
                await people.enroll_scribes()
                weather = Weather(street, to, [port for port in probes if port])
                felt = await weathered(weather, people, street)
                print(await people.haunt_all(), "sessions are over", ledger.latest_s)
            print(await settled(machines[0], ledger))
            print(ledger.counts)
            faults = [*ledger.faults, *(one for at in machines for one in complaints(at))]
            assert not faults, "\n".join((f"FAULTS_SEED={SEED}", *faults[:MOST_SHOWN]))
            assert (
                sum(entry.enrolled[Came.DONE] for entry in ledger.people.values()) >= LEAST_PEOPLE
            )
            assert_felt(felt, DATABASE)
