"""A store is backed up while people use it, is lost, is restored, and they go on from there."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.restoring import restored
from sidecar.storage.backup import back_up, dump_command
from sidecar.storage.sql import open_store
from sidecar.wiring import key_ring
from tests.postgres import Server, _programs
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import World, world

Step = Callable[[World], Awaitable[None]]


class CopiedFile:
    """SQLite: `sidecar db backup`, and the copy put where the file was."""

    def __init__(self, folder: Path) -> None:
        self._copy = folder / "copy.db"
        self._path = folder / "sidecar.db"

    async def back_up(self, here: World) -> None:
        url = here.loaded.settings.storage.database
        assert await back_up(url, key_ring(here.loaded), here.clock, self._copy) > 0

    async def lose(self) -> None:
        for name in ("", "-wal", "-shm"):
            self._path.with_name(f"sidecar.db{name}").unlink(missing_ok=True)

    async def restore(self) -> None:
        shutil.copy(self._copy, self._path)


class DumpedServer:
    """PostgreSQL: the line that `sidecar db backup` prints, and `pg_restore` into a new one."""

    def __init__(self, folder: Path, server: Server, url: str) -> None:
        self._dump = folder / "copy.dump"
        self._server = server
        self._url = url
        self._name = url.rpartition("/")[2].partition("?")[0]

    async def back_up(self, here: World) -> None:
        self._run(dump_command(here.loaded.settings.storage.database, self._dump))

    async def lose(self) -> None:
        await self._server.execute(f"DROP DATABASE {self._name} WITH (FORCE)")

    async def restore(self) -> None:
        await self._server.execute(f"CREATE DATABASE {self._name} TEMPLATE template0")
        address = dump_command(self._url, self._dump).rpartition(" ")[2]
        flags = "--exit-on-error --single-transaction --no-owner"
        self._run(f"pg_restore {flags} --dbname={address} {self._dump}")

    def _run(self, line: str) -> None:
        programs = _programs()
        assert programs is not None
        path = f"{programs}:{os.environ['PATH']}"
        subprocess.run(shlex.split(line), check=True, env={**os.environ, "PATH": path}, timeout=60)


async def returning(browser: Visitor, where: World) -> Visitor:
    """Return the same person in a browser without a session."""
    fresh = where.visitor()
    fresh.cookies = {"app": browser.cookies["app"]}
    fresh.secret, fresh.codes = browser.secret, browser.codes
    return fresh


async def spare(browser: Visitor, code: str) -> int:
    """Return the status of answering a challenge with a backup code."""
    page = await browser.open("/secret")
    page = await browser.open(f"{page.url}&factor=backup_codes")
    return (await browser.submit(page, "challenge/answer", code=code)).status


async def used_and_backed_up(here: World, store: CopiedFile | DumpedServer) -> Visitor:
    """Ada used a code before the backup, and is signed in; after it she does more."""
    browser = here.visitor()
    await browser.enroll()
    assert await spare(await returning(browser, here), browser.codes[0]) == 200
    await store.back_up(here)
    assert await spare(await returning(browser, here), browser.codes[1]) == 200
    assert (await browser.fetch("/secret")).status == 200
    await here.visitor().enroll("grace")
    return browser


async def goes_on(browser: Visitor, again: World) -> None:
    """What was before the backup counts, what was after it does not, and nobody is signed in."""
    old = await returning(browser, again)
    old.cookies = dict(browser.cookies)
    assert (await old.fetch("/secret")).status == 401
    by_app = await returning(browser, again)
    await by_app.confirm("/secret")
    assert (await by_app.fetch("/secret")).status == 200
    assert await spare(await returning(browser, again), browser.codes[0]) == 422
    assert await spare(await returning(browser, again), browser.codes[2]) == 200
    assert await spare(await returning(browser, again), browser.codes[2]) == 422
    late = again.visitor()
    await late.sign_in("grace")
    page = await late.open("/secret")
    assert "enroll" in page.url


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_people_go_on_from_a_restored_store(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """A backup of a running store, its loss, its restore and the word of the operator show old
    sessions over, apps and unused codes as good as before, and a code that was used before the
    backup as used; whoever set up only after it begins anew.
    """
    server: Server = request.getfixturevalue("postgres")
    with quick_folder() as folder:
        async with server.changes() as elsewhere:
            changes: dict[str, Any] = dict(elsewhere) if kind == "postgres" else {}
            on_server = DumpedServer(folder, server, elsewhere["storage"]["database"])
            store = on_server if kind == "postgres" else CopiedFile(folder)
            async with world(folder, changes=changes) as here:
                browser = await used_and_backed_up(here, store)
            await store.lose()
            await store.restore()
            here.clock.travel(minutes=10)
            url, ring = here.loaded.settings.storage.database, key_ring(here.loaded)
            opened = await open_store(url, ring, here.clock, serves=False)
            await restored(opened, here.clock, "operator:root", tokens=False)
            await opened.close()
            more: dict[str, Any] = {"application": here.application, "clock": here.clock}
            async with world(folder, changes=changes, **more) as again:
                await goes_on(browser, again)
