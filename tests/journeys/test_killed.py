"""Processes are killed at random for a minute: what was confirmed is there, and nothing twice."""

import asyncio
import os
import time
from urllib.parse import urlsplit

import pytest

from tests.application import Application
from tests.faults.browser import Street
from tests.faults.crowd import Crowd, crowd
from tests.faults.ledger import Came, Ledger
from tests.faults.reaper import Reaper
from tests.faults.replicas import complaints, replicas, settings
from tests.faults.settle import settled
from tests.machine import START_S
from tests.postgres import Server

SEED = os.environ.get("KILLED_SEED", "1")
"""Another one makes other people who die at other moments; processes take turns as they will."""
SECONDS = float(os.environ.get("KILLED_SECONDS", "60"))
WORKERS = 2, 1, 1
"""Of each sidecar."""
MOST_SHOWN = 10
LEAST_PEOPLE, LEAST_CODES = 5, 5
"""Enrolled, and taken; a machine that has nothing else to do gives several times as many."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180 + 2 * int(SECONDS))]


async def live_on(people: Crowd, reaper: Reaper, street: Street) -> None:
    """Everybody lives while the reaper is about; then all works again."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(people.go_on())
        await reaper.reap(SECONDS, SEED)
        until = time.monotonic() + START_S
        while not await people.all_is_well():
            assert time.monotonic() < until
        street.over.set()


async def test_whoever_is_killed_takes_nothing_along(postgres: Server) -> None:
    """Three sidecars, their workers and their database's processes, killed at random under load,
    show no confirmed change lost, no code taken twice, no guess too many, and a whole trail.
    """
    application, ledger = Application(), Ledger(may_die=True)
    async with (
        postgres.empty() as url,
        replicas(WORKERS, application, settings(url)) as machines,
    ):
        street = Street(machines, ledger, alone=False)
        reaper = Reaper(machines, postgres, urlsplit(url).path[1:])
        async with crowd(street, application, SEED) as people:
            await people.enroll_scribes()
            await live_on(people, reaper, street)
            over = await people.haunt_all()
        there = await settled(machines[0], ledger)
        print(there, ledger.counts, reaper.did, f"{over} sessions are over", sep="\n")
        faults = [*ledger.faults, *(one for at in machines for one in complaints(at))]
        assert not faults, "\n".join((f"KILLED_SEED={SEED}", *faults[:MOST_SHOWN]))
        confirmed = sum(entry.enrolled[Came.DONE] for entry in ledger.people.values())
        assert confirmed >= LEAST_PEOPLE
        assert ledger.counts["code taken"] >= LEAST_CODES
        assert ledger.counts["silence"] > 0
        assert reaper.did["sidecar"] >= len(WORKERS)
