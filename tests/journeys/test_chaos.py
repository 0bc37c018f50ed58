"""Everything breaks at once for a minute: nobody gets what is another's, and it passes."""

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.chaos.crowd import Crowd
from tests.chaos.mischief import NAMES
from tests.chaos.oracle import Oracle
from tests.chaos.peer import USERS, cookie
from tests.chaos.storm import Storm, unruly
from tests.conformance.http.visitor import Visitor
from tests.crew import both, jar, taker
from tests.machine import Machine, machine
from tests.tools.ports import free_ports
from tests.world import ASKING

SEED = os.environ.get("CHAOS_SEED", "1")
"""Another one makes another minute; how the processes take turns differs each time."""
SECONDS = float(os.environ.get("CHAOS_SECONDS", "60"))
TIMES = 6
"""How often each thing happens to each kind of process."""
CHANCE = 0.15
"""That something is wrong with an answer."""
ASKING_CONNECTIONS, TALKING_CONNECTIONS = 30, 5
UNASKED = ("poisons", "poisons_partly", "gives_up_idle")
LEAST_RIGHT, LEAST_SHARE = 300, 0.2
"""Of answers; a machine that has nothing else to do gives thousands, more than half of all."""
TRIES = 40
"""The kernel chooses the worker; not to meet one of two in so many tries is out of the question."""
MOST_SHOWN = 10
"""Faults in a report."""
REST_S = 20.0
"""For the workers to say what is the case, and for one that died to be no longer counted."""


def settings(port: int, probes: int, upstream: int) -> dict[str, Any]:
    return {
        "workers": 2,
        "listen": {"public": f"127.0.0.1:{port}", "probes": f"127.0.0.1:{probes}"},
        "upstreams": {
            "shop": {
                "url": f"http://127.0.0.1:{upstream}",
                "connect_timeout": "2s",
                "head_timeout": "2s",
                "idle_timeout": "2s",
                "max_connections": 12,
            }
        },
        "identity": {"app_login": {**ASKING, "keep": "300ms"}},
    }


async def proven(at: Machine, user: str) -> str:
    """Return the cookies of a person who has just proven a second factor."""
    browser = at.visitor()
    browser.cookies["app"] = cookie(user)
    await browser.set_up(user, target="/secret")
    return jar(browser)


async def asks_once(at: Machine, crowd: Crowd, user: str, dice: Random) -> tuple[int | None, str]:
    """Ask on a connection of its own; return which worker answered, and what."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port, limit=2**21)
    try:
        asked = crowd.request(user, dice, time.monotonic_ns())
        word, _ = await crowd.ask(Visitor(reader, writer), asked)
        return taker(at, writer.get_extra_info("sockname")[1]), word
    finally:
        writer.transport.abort()


async def recovers(at: Machine, crowd: Crowd) -> None:
    """Soon every user is answered rightly by both workers, and it stays so."""
    pids, dice = await both(at), Random(SEED)  # noqa: S311 - repeatable
    for user in USERS:
        told = Counter[tuple[int | None, str]]()
        while not all(told[pid, "right"] for pid in pids):
            told[await asks_once(at, crowd, user, dice)] += 1
            assert told.total() <= TRIES, f"{user} is still answered: {told}"
    for user in (*USERS, *USERS):
        for _ in range(5):
            assert (await asks_once(at, crowd, user, dice))[1] == "right"
        assert await crowd.talk(user, 3)


async def metrics(at: Machine, probes: int) -> Mapping[str, float]:
    """Return what is the case, with the states of connections as names of their own."""
    async with at.session.get(f"http://127.0.0.1:{probes}/metrics") as response:
        families = text_string_to_metric_families(await response.text())
        samples = [sample for family in families for sample in family.samples]
    return {
        " ".join((name, *filter(None, (labels.get("state"),)))).removeprefix("sidecar_"): value
        for name, labels, value, *_ in samples
    }


AT_REST = {
    "workers": 2,
    "workers_up": 2,
    "upstream_connections taken": 0,
    "upstream_waiting": 0,
    "upstream_addresses_down": 0,
    "requests_running": 0,
    "connections": 0,
    "tunnels": 0,
}


async def rests(at: Machine, probes: int) -> None:
    """Nothing is under way any more, and no worker is missing."""
    until = time.monotonic() + REST_S
    while True:
        now = await metrics(at, probes)
        seen = {name: now.get(name) for name in AT_REST}
        if seen == AT_REST:
            return
        assert time.monotonic() < until, seen
        await asyncio.sleep(0.1)


async def endure(crowd: Crowd, storm: Storm) -> None:
    """The storm is over, and everybody has the end of what was asked."""
    async with asyncio.TaskGroup() as tasks:
        for number in range(ASKING_CONNECTIONS):
            tasks.create_task(crowd.keep_asking(number))
        for number in range(TALKING_CONNECTIONS):
            tasks.create_task(crowd.keep_talking(number))
        await storm.rage(SECONDS, TIMES)
        crowd.over.set()


def complaints(log: Path) -> list[str]:
    """Return what the sidecar had to say of itself, but that workers died as they were made to."""
    told = (
        json.loads(line) if line.startswith("{") else line for line in log.read_text().splitlines()
    )
    return [
        str(said)
        for said in told
        if isinstance(said, str) or (said["level"] == "error" and not was_killed(said))
    ]


def was_killed(said: Mapping[str, object]) -> bool:
    """Whether a worker was killed, rather than that it crashed."""
    return said["event"] == "worker.died" and said["status"] == -signal.SIGKILL


def assert_raged(kinds: Counter[str], did: Mapping[str, int], storm: Storm) -> None:
    """Everything that can go wrong went wrong, and yet much was answered rightly."""
    assert storm.did == {act.__name__: TIMES for act in storm.acts}
    rare = {name: did.get(name, 0) for name in (*NAMES, "resets_socket") if did.get(name, 0) < 3}
    assert rare == {}
    assert [name for name in UNASKED if not did.get(f"{name} unasked")] == []
    assert kinds["right"] >= LEAST_RIGHT, kinds
    assert kinds["right"] >= LEAST_SHARE * kinds.total(), kinds
    assert kinds["socket right"], kinds


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_chaos() -> None:
    """A minute of it shows right answers and honest errors only, and then all is well again."""
    upstream, port, probes = free_ports(3)
    oracle = Oracle()
    async with (
        machine(changes=settings(port, probes, upstream), port=port) as at,
        unruly(upstream, at.folder / "record", SEED) as program,
    ):
        cookies = {user: await proven(at, user) for user in USERS}
        crowd = Crowd(port, cookies, oracle, SEED)
        storm = Storm(at, program, oracle, chance=CHANCE)
        await program.restart(CHANCE)
        await endure(crowd, storm)
        kinds = Counter(oracle.counts)
        await program.restart(0)
        await recovers(at, crowd)
        await rests(at, probes)
        did = oracle.settle(program.record)
        print(kinds, did, storm.did, sep="\n")
        faults = [*oracle.faults, *complaints(at.log)]
        assert not faults, "\n".join((f"CHAOS_SEED={SEED}", *faults[:MOST_SHOWN]))
        assert_raged(kinds, did, storm)
