"""What a verification costs from end to end: HTTP, limits, the factor, two commits, the trail."""

import asyncio
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from statistics import median, quantiles
from typing import Final

import uvloop

from tests.bench.asking import Answers, pace, press
from tests.bench.bare import Committed, commits, handler
from tests.bench.crowd import Holder
from tests.bench.places import Conditions
from tests.bench.processes import START_S, Running, running
from tests.bench.verifier import Verifier, prepare
from tests.postgres import SETTINGS, Server, serving
from tests.tools.ports import free_ports, wait_for

TURN: Final = 100
"""Verifications of one way in one turn, each of somebody else: a code and a session serve once."""
PACED: Final = 50
"""How many more are sent at fixed moments."""
EACH: Final = 2 * (TURN + PACED)
"""People that take part in one turn."""
SQLITE, POSTGRES = "sqlite", "postgres"
_DURABLE: Final = {
    **SETTINGS,
    "fsync": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "256MB",
}
"""As a server comes, where it matters here: what was committed survives a power cut."""


@dataclass(frozen=True, slots=True)
class Stand:
    """One sidecar that serves, over one database of one size."""

    database: str
    people: int
    url: str
    verifier: Verifier
    process: Running
    server: Running | None
    """The database's own processes, where it has any."""

    def spent(self) -> tuple[float, float]:
        """Return the CPU time so far of the sidecar, and of the database beside it."""
        return self.process.cpu_s(), self.server.cpu_s() if self.server else 0.0


@dataclass(slots=True)
class Seen:
    """What was measured of one way through one stand, turn after turn."""

    cpu_s: list[float] = field(default_factory=list)
    beside_s: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    """To the yardsticks of the same turn."""
    rates: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)


def measure(given: Conditions) -> dict[str, float]:
    """Return CPU time and waits of a verification, by database, way and number of people."""
    seen: dict[str, Seen] = defaultdict(Seen)
    bare: dict[str, list[Committed]] = defaultdict(list)
    with _standing(given) as (stands, port, plain):
        for turn in range(given.rounds):
            answering = _handled(port, plain)
            for stand in stands:
                commit = uvloop.run(commits(stand.url))
                bare[stand.database].append(commit)
                yardstick = answering + 2 * commit.cpu_s
                part = stand.verifier.crowd.holders[turn * EACH : (turn + 1) * EACH]
                uvloop.run(_turn(stand, part, seen, yardstick))
    return dict(_figures(seen, bare))


@contextmanager
def _standing(given: Conditions) -> Iterator[tuple[list[Stand], int, Running]]:
    with ExitStack() as stack:
        (port,) = free_ports(1)
        plain = stack.enter_context(running(handler(given.folder, port)))
        server = stack.enter_context(serving(_DURABLE, on_disk=True))
        stands = [
            stack.enter_context(_stand(given, database, people, server))
            for people in given.people
            for database in (SQLITE, POSTGRES)
        ]
        yield stands, port, plain


@contextmanager
def _stand(given: Conditions, database: str, people: int, server: Server) -> Iterator[Stand]:
    place = given.folder / f"{database}-{people}"
    if database == SQLITE:
        url, beside = f"sqlite+aiosqlite:///{place}/sidecar.db", None
    else:
        name = f"people_{people}"
        asyncio.run(server.execute(f"CREATE DATABASE {name} TEMPLATE template0"))
        url, beside = server.url(name), Running(server.process)
    began = time.monotonic()
    verifier = prepare(place, url, people=people, holders=given.rounds * EACH)
    print(f"{place.name}: made in {time.monotonic() - began:.0f} s", file=sys.stderr)
    with running(verifier.program) as process:
        wait_for(verifier.management, START_S)
        yield Stand(database, people, url, verifier, process, beside)
    shutil.rmtree(place)


def _handled(port: int, plain: Running) -> float:
    """Return the CPU time of a post that a bare handler answers."""
    body = b"code=123456" * 20
    said = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    number, before = 2000, plain.cpu_s()
    uvloop.run(press(port, [lambda: said] * number, HTTPStatus.OK))
    return (plain.cpu_s() - before) / number


async def _turn(
    stand: Stand, holders: Sequence[Holder], seen: Mapping[str, Seen], yardstick: float
) -> None:
    half = EACH // 2
    pages, paced = holders[:TURN], holders[TURN:half]
    called, more = holders[half : half + TURN], holders[half + TURN :]
    verifier, name = stand.verifier, f"{stand.database}.{stand.people}"
    with _counted(stand, seen[f"{name}.pages"], yardstick) as keep:
        keep(await verifier.pages(pages, press))
    seen[f"{name}.pages"].waits_s += (await verifier.pages(paced, pace)).waits_s
    with _counted(stand, seen[f"{name}.begin"], yardstick) as keep:
        begun = await verifier.begin(called, press)
        keep(begun)
    with _counted(stand, seen[f"{name}.api"], yardstick) as keep:
        keep(await verifier.verify(called, begun, press))
    waiting = await verifier.begin(more, press)
    seen[f"{name}.api"].waits_s += (await verifier.verify(more, waiting, pace)).waits_s


@contextmanager
def _counted(stand: Stand, seen: Seen, yardstick: float) -> Iterator[Callable[[Answers], None]]:
    own, beside = stand.spent()

    def keep(answers: Answers) -> None:
        number = len(answers.said)
        now, beside_now = stand.spent()
        seen.cpu_s.append((now - own) / number)
        seen.beside_s.append((beside_now - beside) / number)
        seen.ratios.append(seen.cpu_s[-1] / yardstick)
        seen.rates.append(number / answers.took_s)

    yield keep


def _figures(
    seen: Mapping[str, Seen], bare: Mapping[str, Sequence[Committed]]
) -> Iterator[tuple[str, float]]:
    for name, found in seen.items():
        key = f"verification.{name}"
        yield f"{key}.cpu_us", median(found.cpu_s) * 1e6
        yield f"{key}.per_core_s", 1 / median(found.cpu_s)
        yield f"{key}.database_us", median(found.beside_s) * 1e6
        yield f"{key}.ratio", median(found.ratios)
        yield f"{key}.rate", median(found.rates)
        if found.waits_s:
            cuts = quantiles(found.waits_s, n=100)
            yield f"{key}.p50_ms", cuts[49] * 1e3
            yield f"{key}.p99_ms", cuts[98] * 1e3
    for name, taken in bare.items():
        yield f"verification.{name}.commit.cpu_us", median(one.cpu_s for one in taken) * 1e6
        yield f"verification.{name}.commit.took_ms", median(one.took_s for one in taken) * 1e3
