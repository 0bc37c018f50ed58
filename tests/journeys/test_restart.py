"""The sidecar as a real process, killed between any two steps: nothing confirmed is lost."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web
from yarl import URL

from sidecar.clock import utc_now
from sidecar.core.model import Event, Person
from sidecar.flows.people import People
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import SqlStore, open_store
from sidecar.wiring import key_ring
from tests.application import Application
from tests.unit.flows.scene import quick_folder
from tests.visitor import Page, Visitor, _codes_in
from tests.world import KEY, ORIGIN, REALM, free_port, settings_for

START_S = 30.0
ADA = Person(REALM, "ada")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


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

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sidecar", "serve", "-c", str(self.folder / "sidecar.yaml")),
            env={**os.environ, "TEST_KEY": KEY},
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(START_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

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
async def machine() -> AsyncIterator[Machine]:
    with quick_folder() as folder:
        runner = web.ServerRunner(web.Server(Application().handle))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream, port = f"http://127.0.0.1:{runner.addresses[0][1]}", free_port()
        file = folder / "sidecar.yaml"
        file.write_text(yaml.safe_dump(settings_for(upstream, folder, port, {})))
        loaded = load_settings(file, {"TEST_KEY": KEY}, utc_now())
        database = loaded.settings.storage.database
        await migrate_up(database, key_ring(loaded), utc_now, create=True)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            made = Machine(folder, loaded, port, session)
            try:
                await made.start()
                yield made
            finally:
                await made.kill()
                await runner.cleanup()


async def newcomer(at: Machine, *, crash: bool = False) -> tuple[Visitor, Page]:
    """Return a browser that has signed in, and the page of its open enrollment."""
    browser = Visitor(at, at.session)  # type: ignore[arg-type]  # as much of a world as it needs
    await browser.sign_in()
    page = await browser.open("/secret")
    code = await at.invite("ada")
    if crash:
        await at.crash()
    page = await browser.submit(page, "enroll/begin", factor="totp", invitation=code)
    link = next(link for link in page.links if link.startswith("otpauth:"))
    browser.secret = str(URL(link).query["secret"])
    return browser, page


def names(events: tuple[Event, ...]) -> list[str]:
    return [event.name for event in events]


async def return_visits(at: Machine, browser: Visitor) -> None:
    """Answer challenges with spare codes, across restarts."""
    again = Visitor(at, at.session)  # type: ignore[arg-type]  # as above
    again.cookies = {"app": browser.cookies["app"]}
    page = await again.open("/secret")
    page = await again.open(f"{page.url}&factor=backup_codes")
    page = await again.submit(page, "challenge/answer", code="0000-0000-0000-0000-0000")
    assert page.status == 422
    await at.crash()
    page = await again.submit(page, "challenge/answer", code=browser.codes[0])
    await at.crash()
    assert (await again.open("/secret")).text.endswith("for ada")
    assert names(await at.history())[:2] == ["challenge.verified", "challenge.rejected"]

    third = Visitor(at, at.session)  # type: ignore[arg-type]  # as above
    third.cookies = {"app": browser.cookies["app"]}
    page = await third.open("/secret")
    page = await third.open(f"{page.url}&factor=backup_codes")
    page = await third.submit(page, "challenge/answer", code=browser.codes[0])
    assert page.status == 422  # spent before the kill, and spent after it
    assert not third.cookies.get("__Host-sidecar-known")


@pytest.mark.conforms("ASVS-16.5.3")
async def test_killed_after_every_step_it_goes_on_where_it_was() -> None:
    """A first visit and a return, with a kill -9 after each step, show nothing asked twice.

    Sessions, open enrollments, confirmed factors, kept codes, open challenges, proofs and audit
    rows are all there after each restart (promise 8).
    """
    async with machine() as at:
        browser, page = await newcomer(at, crash=True)
        await at.crash()
        page = await browser.open(page.url)
        assert browser.secret in page.text.replace(" ", "")
        page = await browser.submit(page, "enroll/finish", code=browser.code())
        browser.codes = _codes_in(page.text)
        assert len(browser.codes) == 10
        await at.crash()
        assert names(await at.history())[0] == "authenticator.added"
        page = await browser.open(page.url)
        assert _codes_in(page.text) == browser.codes
        await browser.submit(page, "enroll/kept", kept="yes")
        await at.crash()
        assert (await browser.open("/secret")).text.endswith("for ada")
        await return_visits(at, browser)


async def test_killed_amid_forty_answers_the_count_stands() -> None:
    """THREATS 50: a kill -9 in the midst of parallel guesses shows no guess forgotten by it."""
    async with machine() as at:
        browser, page = await newcomer(at)
        page = await browser.submit(page, "enroll/finish", code=browser.code())
        thief = Visitor(at, at.session)  # type: ignore[arg-type]  # as above
        thief.cookies = {"app": browser.cookies["app"]}
        form = (await thief.open("/secret")).form("challenge/answer")
        judged = 0

        async def guess() -> None:
            nonlocal judged
            answer = await thief.post(form.action, {**form.fields, "code": "000000"}, follow=0)
            judged += answer.status == 422

        async def guess_and_kill() -> None:
            await guess()
            if judged >= 2:
                await at.kill()

        await asyncio.gather(*(guess_and_kill() for _ in range(40)), return_exceptions=True)
        await at.crash()
        for _ in range(8):
            try:
                await guess()
            except aiohttp.ClientError:
                continue
        assert 2 <= judged <= 5
        last = await thief.post(form.action, {**form.fields, "code": "000000"}, follow=0)
        assert last.status == 429
