"""Two sidecars on one database, restarted in turn, and people whose requests land on either."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from sidecar.app import Sidecar, running
from sidecar.core.model import Person
from sidecar.flows.people import People
from sidecar.rotating import Rotation, peppers_of
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import open_store
from sidecar.wiring import key_ring
from tests.application import Application
from tests.clock import ManualClock
from tests.visitor import Visitor
from tests.world import KEY, ORIGIN, REALM, settings_for

ENV = {
    "TEST_KEY": KEY,
    "NEXT_KEY": base64.b64encode(bytes(n * n * 5 % 251 for n in range(32))).decode(),
}
K1, K2 = {"id": "k1", "from": {"env": "TEST_KEY"}}, {"id": "k2", "from": {"env": "NEXT_KEY"}}
OPENS = {"state": "decrypt"}
BEFORE, KNOWN, TURNED, ALONE = [K1], [K1, K2 | OPENS], [K2, K1 | OPENS], [K2]
POLICY = {
    "default": "two_factor",
    "rules": [{"name": "fresh", "path": "/pay/**", "level": "two_factor", "max_age": "1m"}],
}


@dataclass
class Pod:
    """One sidecar, which is stopped only when nobody waits for its answer."""

    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    base: str = ""
    up: bool = False
    asked: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def quiet(self) -> None:
        """Nobody waits for an answer of it."""
        if self.asked:
            await self.idle.wait()

    @contextmanager
    def answering(self) -> Iterator[None]:
        self.asked += 1
        self.idle.clear()
        try:
            yield
        finally:
            self.asked -= 1
            if not self.asked:
                self.idle.set()


@dataclass
class Fleet:
    """Two sidecars on one database, which take turns with every request."""

    folder: Path
    changes: Mapping[str, Any]
    upstream: str
    application: Application
    session: aiohttp.ClientSession
    clock: ManualClock = field(default_factory=ManualClock)
    pods: tuple[Pod, Pod] = field(default_factory=lambda: (Pod(), Pod()))
    turns: Iterator[int] = field(default_factory=count)
    rounds: int = 0
    starts: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while a sidecar starts: all run in one loop, which stands still meanwhile, and an
    answer that is waited for would come too late. Other processes would not wait."""

    def write(self, keys: list[dict[str, Any]]) -> Loaded:
        """The configuration lists these keys."""
        settings = settings_for(self.upstream, self.folder, 0, {**self.changes, "keys": keys})
        file = self.folder / "sidecar.yaml"
        file.write_text(yaml.safe_dump(settings))
        return load_settings(file, ENV, self.clock())

    async def restart(self, pod: Pod, keys: list[dict[str, Any]]) -> None:
        """The sidecar has these keys now; nobody's request was cut."""
        pod.up = False
        await pod.quiet()
        await pod.stack.aclose()
        self.starts.clear()
        for other in self.pods:
            await other.quiet()
        made: Sidecar = await pod.stack.enter_async_context(running(self.write(keys), self.clock))
        pod.base, pod.up = f"http://127.0.0.1:{made.listener.port}", True
        self.starts.set()

    async def roll(self, keys: list[dict[str, Any]]) -> None:
        """Both have these keys, one after the other, with people in between."""
        for pod in self.pods:
            await self.restart(pod, keys)
            await self.pass_rounds(1)

    async def pass_rounds(self, number: int) -> None:
        """Everybody has verified so many times more."""
        wanted = self.rounds + number
        while self.rounds < wanted:  # noqa: ASYNC110 - the crowd sets no event for each round
            await asyncio.sleep(0.01)

    def next(self) -> Pod:
        while not (pod := self.pods[next(self.turns) % 2]).up:
            pass
        return pod

    @asynccontextmanager
    async def rotation(self, keys: list[dict[str, Any]]) -> AsyncIterator[Rotation]:
        loaded = self.write(keys)
        ring, database = key_ring(loaded), loaded.settings.storage.database
        store = await open_store(database, ring, self.clock, serves=False)
        try:
            yield Rotation(store, ring, peppers_of(loaded), self.clock)
        finally:
            await store.close()


@dataclass
class Way:
    """What a browser needs to know: whichever sidecar its next request lands on."""

    fleet: Fleet
    base: str = ""
    origin: str = ORIGIN

    @property
    def clock(self) -> ManualClock:
        return self.fleet.clock

    async def invite(self, user: str) -> str:
        async with self.fleet.rotation(BEFORE) as work:
            return await People(work.store, self.clock).invite(Person(REALM, user), "operator")


class Roamer(Visitor):
    """Somebody whose every request lands on the other sidecar, as behind a plain balancer."""

    def __init__(self, fleet: Fleet, user: str) -> None:
        super().__init__(Way(fleet), fleet.session)  # type: ignore[arg-type]  # as much as it needs
        self._fleet = fleet
        self.user = user
        fleet.application.people[f"cookie-of-{user}"] = user
        self.cookies["app"] = f"cookie-of-{user}"

    async def send(self, *words: Any, **more: Any) -> Any:  # noqa: ANN401 - handed on as it is
        await self._fleet.starts.wait()
        pod = self._fleet.next()
        with pod.answering():
            self.world.base = pod.base
            return await super().send(*words, **more)

    async def verify(self, code: str = "") -> None:
        """Prove anew with the app, or a code on paper, and be let through."""
        page = await self.open("/pay/bill")
        if code:
            page = await self.open(f"{page.url}&factor=backup_codes")
        page = await self.submit(page, "challenge/answer", code=code or self.code())
        assert page.status == 200
        page = await self.open("/pay/bill")
        assert (page.status, page.text) == (200, f"application: /pay/bill for {self.user}")


@asynccontextmanager
async def fleet_on(url: str, folder: Path) -> AsyncIterator[Fleet]:
    application = Application()
    runner = web.ServerRunner(web.Server(application.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    upstream = f"http://127.0.0.1:{runner.addresses[0][1]}"
    factors = {"totp": {"issuer": "Shop"}, "backup_codes": {"count": 8}}
    changes = {
        "policy": POLICY,
        "factors": factors,
        "storage": {"database": url, "wait": "20s", "statement": "30s"},
    }
    if url.startswith("postgresql"):
        changes["replicas"] = 2
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        made = Fleet(folder, changes, upstream, application, session)
        await migrate_up(url, key_ring(made.write(BEFORE)), made.clock, create=True)
        try:
            for pod in made.pods:
                await made.restart(pod, BEFORE)
            yield made
        finally:
            for pod in made.pods:
                await pod.stack.aclose()
            await runner.cleanup()
