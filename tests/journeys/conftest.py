"""One browser for all journeys, and applications that stand behind the sidecar."""

import asyncio
import base64
import hashlib
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml
from aiohttp import web
from playwright.async_api import Browser, StorageState, async_playwright

from sidecar.demo.app import create_app
from sidecar.demo.visit import Options
from tests.clock import ManualClock
from tests.journeys.keys import KEYS, factors
from tests.journeys.person import WIDE, Arrive, Person, arrive, datasette_login
from tests.tools.pages_server import CHROMIUM, FLAGS
from tests.world import World, free_port, world

READY_S = 20
ROUNDS = 1000

HARBOUR = {
    "login": {
        "page": "/login",
        "paths": ["/login", "/logout", "/static/**"],
        "logout": ["/logout"],
    },
    "policy": {
        "default": "two_factor",
        "rules": [
            {"name": "payments", "path": "/payments/**", "level": "two_factor", "max_age": "5m"}
        ],
    },
    "pages": {"name": "Harbour", "help": "Ask the harbour master."},
}
DATASETTE = {
    "login": {
        "page": "/-/login",
        "paths": ["/-/login", "/-/logout", "/-/static/**"],
        "logout": ["/-/logout"],
    },
    "identity": {
        "app_login": {
            "plugin": "upstream_session",
            "upstream": "shop",
            "url": "/-/actor.json",
            "anonymous": {"pointer": "/actor", "equals": None},
            "subject": "/actor/id",
        }
    },
    "policy": {"default": "two_factor"},
    "pages": {"name": "Datasette", "help": "Ask the librarian."},
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM:
        pytest.skip("chromium is not installed; `make test` prints the line that installs it")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        await launched.close()


@asynccontextmanager
async def before_harbour(
    folder: Path, clock: ManualClock, changes: Mapping[str, Any] | None = None
) -> AsyncIterator[World]:
    """Run the demonstration application behind a sidecar; `changes` replace whole sections."""
    options = Options(security_url="/_sidecar/account", data=folder / "harbour.json")
    runner = web.AppRunner(create_app(options), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        settings = {**HARBOUR, **(changes or {})}
        async with _before(folder, runner.addresses[0][1], settings, clock=clock) as made:
            yield made
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def harbour(tmp_path: Path) -> AsyncIterator[World]:
    """The demonstration application behind the sidecar."""
    async with before_harbour(tmp_path, ManualClock()) as made:
        yield made


@dataclass(frozen=True)
class Kept:
    """What was there when Ada had just set everything up: both stores, her browser, her app."""

    folder: Path
    browser: StorageState
    now: datetime
    secret: str
    codes: tuple[str, ...]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kept(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Kept:
    """Ada set everything up, once for all journeys that begin after that."""
    folder = tmp_path_factory.mktemp("kept")
    async with before_harbour(folder, ManualClock()) as made:
        ada = await arrive(browser, made)
        await ada.newcomer()
        state = await ada.context.storage_state()
        await ada.context.close()
        assert ada.faults == []
    return Kept(folder, state, made.clock.now, ada.secret, tuple(ada.codes))


@pytest_asyncio.fixture(loop_scope="session")
async def member(
    tmp_path: Path, kept: Kept, browser: Browser, arriving: Arrive
) -> AsyncIterator[Person]:
    """Ada in Harbour, who has just set everything up."""
    shutil.copytree(kept.folder, tmp_path, dirs_exist_ok=True)
    async with before_harbour(tmp_path, ManualClock(kept.now)) as made:
        ada = await arriving(made)
        await known(ada, kept)
        yield ada
        # Before the sidecar goes: a page with a live channel would miss it.
        for context in browser.contexts:
            await context.close()


@asynccontextmanager
async def _before(
    folder: Path, behind: int, changes: Mapping[str, Any], *, clock: ManualClock | None = None
) -> AsyncIterator[World]:
    port = free_port()
    changed = {
        **changes,
        "public": [f"http://localhost:{port}"],
        "upstreams": {"shop": f"http://127.0.0.1:{behind}"},
    }
    async with world(folder, changes=changed, clock=clock, port=port) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def datasette_port(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    """A datasette with password sign-in, in a process of its own."""
    folder, port = tmp_path_factory.mktemp("datasette"), free_port()
    people = {f"{user}_password_hash": hashed(f"{user}-password") for user in ("ada", "grace")}
    settings = folder / "metadata.yaml"
    settings.write_text(yaml.safe_dump({"plugins": {"datasette-auth-passwords": people}}))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "datasette",
        *("serve", "--memory", "--host", "127.0.0.1", "--port", str(port)),
        *("--metadata", str(settings), "--secret", "for-tests-only"),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _answers(f"http://127.0.0.1:{port}/-/actor.json")
        yield port
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), READY_S)


def hashed(password: str) -> str:
    """Return what datasette-auth-passwords stores, made with few rounds."""
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", ROUNDS)
    return f"pbkdf2_sha256${ROUNDS}$salt${base64.b64encode(key).decode()}"


async def _answers(url: str) -> None:
    """Wait until a process that was just started answers."""
    async with asyncio.timeout(READY_S), aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(url) as response:
                    assert await response.json() == {"actor": None}
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture(loop_scope="session")
async def datasette(tmp_path: Path, datasette_port: int) -> AsyncIterator[World]:
    async with _before(tmp_path, datasette_port, DATASETTE) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def arriving(browser: Browser) -> AsyncIterator[Arrive]:
    """Lets people arrive; at the end none of them may have met a failing script."""
    people: list[Person] = []
    async with AsyncExitStack() as stack:

        async def arrive_at(
            behind: World, *, scripts: bool = True, width: int = WIDE, locale: str = "en-GB"
        ) -> Person:
            person = await arrive(browser, behind, scripts=scripts, width=width, locale=locale)
            stack.push_async_callback(person.context.close)
            people.append(person)
            return person

        yield arrive_at
    assert [fault for person in people for fault in person.faults] == []


@pytest_asyncio.fixture(loop_scope="session")
async def ada(harbour: World, arriving: Arrive) -> Person:
    """Ada, who was never here."""
    return await arriving(harbour)


@pytest_asyncio.fixture(loop_scope="session")
async def reader(datasette: World, arriving: Arrive) -> Person:
    """Ada at datasette, who was never here."""
    person = await arriving(datasette)
    person.login_path, person.login = "/-/login", datasette_login
    return person


@pytest_asyncio.fixture(loop_scope="session")
async def quay(tmp_path: Path, kept: Kept) -> AsyncIterator[World]:
    """Harbour, which takes keys too; Ada has set up her app."""
    shutil.copytree(kept.folder, tmp_path, dirs_exist_ok=True)
    async with before_harbour(tmp_path, ManualClock(kept.now), factors(KEYS)) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def holder(
    quay: World, kept: Kept, browser: Browser, arriving: Arrive
) -> AsyncIterator[Person]:
    """Ada on her account page, before she has any key."""
    person = await arriving(quay)
    await known(person, kept)
    await person.open("/_sidecar/account")
    yield person
    for context in browser.contexts:
        await context.close()


async def known(person: Person, kept: Kept) -> None:
    """The person is Ada, who has just set up her app."""
    await person.context.set_storage_state(kept.browser)
    person.secret, person.codes = kept.secret, list(kept.codes)
