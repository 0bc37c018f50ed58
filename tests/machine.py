"""The sidecar as a real process, which tests may kill, before an application in this one."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from sidecar.clock import utc_now
from sidecar.core.model import Event, Person
from sidecar.flows.people import People
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import SqlStore, open_store
from sidecar.wiring import key_ring
from tests.application import Application
from tests.tools.ports import listened_on
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import KEY, ORIGIN, REALM, free_port, settings_for

START_S = 60.0
ADA = Person(REALM, "ada")


class Clock:
    """The time of day, which cannot be moved."""

    def __call__(self) -> datetime:
        return utc_now()


@dataclass
class Machine:
    """A sidecar that is a process of its own, before an application that is not."""

    folder: Path
    loaded: Loaded
    port: int
    session: aiohttp.ClientSession
    origin: str = ORIGIN
    clock: Clock = field(default_factory=Clock)
    process: Process | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the process, and those before it, had to say."""
        return self.folder / "sidecar.log"

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "sidecar", "serve"),
                *("-c", str(self.folder / "sidecar.yaml")),
                env={**os.environ, "TEST_KEY": KEY},
                stderr=log,
            )
        await listened_on(self.port, START_S)

    async def kill(self) -> None:
        """The process is gone this very moment, as by a power cut or the kernel (SIGKILL)."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def crash(self) -> None:
        await self.kill()
        await self.start()

    @asynccontextmanager
    async def store(self) -> AsyncIterator[SqlStore]:
        database = self.loaded.settings.storage.database
        store = await open_store(database, key_ring(self.loaded), utc_now)
        try:
            yield store
        finally:
            await store.close()

    def visitor(self) -> Visitor:
        """Return a browser that was never here."""
        return Visitor(self, self.session)  # type: ignore[arg-type]  # as much of a world as it needs

    async def invite(self, user: str) -> str:
        async with self.store() as store:
            return await People(store, utc_now).invite(Person(REALM, user), "operator")

    async def history(self) -> tuple[Event, ...]:
        """Return what the trail holds, after it proved to be whole."""
        async with self.store() as store:
            verdict = await store.verify_trail()
            assert verdict.broken_at is None, verdict
            async with store.read() as tx:
                return await tx.trail.of(ADA, 100)


@asynccontextmanager
async def machine(
    application: Application | None = None,
    changes: Mapping[str, Any] | None = None,
    port: int | None = None,
) -> AsyncIterator[Machine]:
    """Run a sidecar, on a new store, for the length of the block.

    Whoever changes `listen` says on which port visitors arrive.
    """
    with quick_folder() as folder:
        runner = web.ServerRunner(web.Server((application or Application()).handle))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream, port = f"http://127.0.0.1:{runner.addresses[0][1]}", port or free_port()
        file = folder / "sidecar.yaml"
        file.write_text(yaml.safe_dump(settings_for(upstream, folder, port, changes or {})))
        loaded = load_settings(file, {"TEST_KEY": KEY}, utc_now())
        database = loaded.settings.storage.database
        await migrate_up(database, key_ring(loaded), utc_now, create=True)
        jar, fresh = aiohttp.DummyCookieJar(), aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(cookie_jar=jar, connector=fresh) as session:
            made = Machine(folder, loaded, port, session)
            try:
                await made.start()
                yield made
            finally:
                await made.kill()
                await runner.cleanup()
