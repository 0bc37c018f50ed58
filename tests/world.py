"""A whole sidecar before a small application, in this process, with a clock that tests move."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml
from aiohttp import web

from sidecar.app import Sidecar, running
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Person
from sidecar.core.protocols import Clock
from sidecar.flows.people import People
from sidecar.flows.signed_in import SignOuts
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.application import Application
from tests.clock import ManualClock
from tests.tools.ports import free_ports
from tests.visitor import Visitor

ORIGIN = "https://app.test"
REALM = "app_login"
ASKING: Mapping[str, Any] = {
    "plugin": "upstream_session",
    "upstream": "shop",
    "url": "/whoami",
    "anonymous": {"pointer": "/user", "equals": None},
    "subject": "/user/id",
    "email": "/user/email",
}
"""An identity source that asks the application of these tests."""

UNHURRIED: Mapping[str, Any] = {"wait": "20s", "statement": "30s"}
"""Limits of the store that a busy machine does not meet: who waits in a crowd is served."""


@dataclass
class World:
    """One sidecar and its application."""

    sidecar: Sidecar
    application: Application
    loaded: Loaded
    clock: ManualClock
    base: str
    origin: str
    _sessions: list[aiohttp.ClientSession] = field(default_factory=list)

    def visitor(self) -> Visitor:
        """Return a browser that was never here."""
        session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        self._sessions.append(session)
        return Visitor(self, session)

    async def invite(self, user: str) -> str:
        """Return an invitation as an operator makes it."""
        people = People(self.sidecar.store, self.clock)
        return await people.invite(Person(REALM, user), "operator")

    async def reset(self, user: str) -> None:
        """An operator resets the person."""
        people = People(self.sidecar.store, self.clock)
        await people.reset(Person(REALM, user), "operator", "lost phone")

    async def end_everybody(self) -> None:
        """An operator signs everybody out."""
        kit, flows = self.sidecar.flows.kit, self.sidecar.flows
        parts = (self.sidecar.store, self.clock, flows.sessions.catch_up)
        sign_outs = SignOuts(*parts, idle=kit.times.idle, levels=kit.levels)
        await sign_outs.end_everybody("operator")

    async def reads_again(self) -> None:
        """The feed is read: a database that failed is left alone for a moment first."""
        async with asyncio.timeout(20):
            while True:
                try:
                    await self.sidecar.flows.revocations.read()
                except StoreUnavailable:
                    await asyncio.sleep(0.05)
                else:
                    return

    async def close(self) -> None:
        for session in self._sessions:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def settings_for(
    upstream: str, folder: Path, port: int, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a configuration for tests; `changes` replace whole sections."""
    return {
        "public": [ORIGIN],
        "listen": {"public": f"127.0.0.1:{port}"},
        "upstreams": {"shop": upstream},
        "login": {"page": "/login", "paths": ["/login", "/assets/**"], "logout": ["/logout"]},
        "identity": {REALM: ASKING},
        "unidentified": "redirect",
        "enrollment": {"first": "invited"},
        "factors": {"totp": {"issuer": "Shop"}, "backup_codes": {"count": 10}},
        "policy": {
            "default": "two_factor",
            "rules": [
                {"name": "open", "path": "/open/**", "level": "bypass"},
                {"name": "never", "path": "/never/**", "level": "deny"},
                {"name": "easy", "path": "/easy/**", "level": "one_factor"},
                {"name": "fresh", "path": "/pay/**", "level": "two_factor", "max_age": "5m"},
            ],
        },
        "session": {"idle": "1h", "lifetime": "24h"},
        "storage": {"database": f"sqlite+aiosqlite:///{folder}/sidecar.db", **UNHURRIED},
        "keys": [{"id": "k1", "from": {"env": "TEST_KEY"}}],
        "pages": {"name": "Shop", "help": "Ask the desk."},
        **changes,
    }


KEY = base64.b64encode(bytes((7 * n * n + 13 * n + 5) % 256 for n in range(32))).decode()


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    return free_ports(1)[0]


@asynccontextmanager
async def world(
    folder: Path,
    *,
    application: Application | None = None,
    changes: Mapping[str, Any] | None = None,
    clock: ManualClock | None = None,
    port: int = 0,
    wall: Clock = utc_now,
) -> AsyncIterator[World]:
    """Run a sidecar before an application; an existing store in the folder is used again.

    The `clock` travels; the `wall`'s, which is compared with the database's, is the time of day.
    """
    behind = application or Application()
    clock = clock or ManualClock()
    runner = web.ServerRunner(web.Server(behind.handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream = f"http://127.0.0.1:{runner.addresses[0][1]}"
    file = folder / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for(upstream, folder, port, changes or {})))
    try:
        loaded = load_settings(file, {"TEST_KEY": KEY}, clock())
        await migrate_up(loaded.settings.storage.database, key_ring(loaded), clock, create=True)
        async with running(loaded, clock, wall=wall) as sidecar:
            base = f"http://127.0.0.1:{sidecar.listener.port}"
            origin = str(loaded.settings.public[0])
            async with World(sidecar, behind, loaded, clock, base, origin) as made:
                yield made
    finally:
        await runner.cleanup()
