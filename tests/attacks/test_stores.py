"""Stores that are missing, empty, foreign, of other keys, or gone: nobody becomes a newcomer."""

import base64
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sidecar.app import running
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.clock import ManualClock
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import KEY, World, settings_for, world

CREATE = "sidecar migrate up --create"
OTHER_KEY = base64.b64encode(bytes((11 * n * n + 17 * n + 3) % 256 for n in range(32))).decode()


def configured(folder: Path, key: str = KEY, **changes: object) -> Loaded:
    """Return the configuration of a sidecar whose store lies in the folder."""
    file = folder / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, changes)))
    return load_settings(file, {"TEST_KEY": key}, ManualClock()())


def nothing(_database: Path) -> None:
    """Leave no file."""


def empty(database: Path) -> None:
    """Leave a file without a byte."""
    database.touch()


def foreign(database: Path) -> None:
    """Leave another program's database."""
    with sqlite3.connect(database) as other:
        other.execute("CREATE TABLE users (id INTEGER)")
    other.close()


def garbage(database: Path) -> None:
    """Leave something that is no database."""
    database.write_bytes(b"not a database, " * 100)


def folder_instead(database: Path) -> None:
    """Leave a folder in the file's place."""
    database.mkdir()


@pytest.mark.conforms("ASVS-16.5.3")
@pytest.mark.parametrize(
    ("left", "hint"),
    [(nothing, CREATE), (empty, CREATE), (foreign, ""), (garbage, ""), (folder_instead, "")],
)
async def test_a_store_that_is_not_ours_stops_the_start(
    left: Callable[[Path], None], hint: str
) -> None:
    """Each kind of wrong store shows that nothing listens, and nothing is created (promise 2)."""
    with quick_folder() as folder:
        loaded = configured(folder)
        database = folder / "sidecar.db"
        left(database)
        before = database.stat().st_size if database.is_file() else None
        with pytest.raises(StoreUnproven) as refused:
            async with running(loaded):
                raise AssertionError("it serves")
        assert hint in refused.value.hint
        after = database.stat().st_size if database.is_file() else None
        assert after == before


async def test_another_key_stops_the_start() -> None:
    """A store made with one key, started with another, shows a start fault that names the keys."""
    with quick_folder() as folder:
        loaded = configured(folder)
        database = loaded.settings.storage.database
        await migrate_up(database, key_ring(loaded), ManualClock(), create=True)
        with pytest.raises(StoreUnproven) as refused:
            async with running(configured(folder, OTHER_KEY)):
                raise AssertionError("it serves")
        assert "keys:" in refused.value.hint
        async with running(loaded):
            pass


async def proven(here: World) -> Visitor:
    browser = here.visitor()
    await browser.enroll()
    assert (await browser.open("/secret")).status == 200
    return browser


async def refused_honestly(here: World, browser: Visitor) -> None:
    """Every way in is a 503: a page with the request id for people, a problem for programs."""
    before = len(here.application.reached)
    newcomer = here.visitor()
    newcomer.cookies = {"app": browser.cookies["app"]}
    for who in (browser, newcomer):
        for path in ("/secret", "/_sidecar/account", "/_sidecar/enroll", "/_sidecar/challenge"):
            page = await who.open(path)
            assert page.status == 503, (path, page.url)
            assert page.headers["Retry-After"]
            assert "text/html" in page.headers["Content-Type"]
            assert "otpauth:" not in page.text
    problem = await browser.fetch("/secret")
    assert (problem.status, problem.headers["Content-Type"].partition(";")[0]) == (
        503,
        "application/problem+json",
    )
    assert "store-unavailable" in problem.text
    assert "sidecar.db" not in problem.text
    assert len(here.application.reached) == before


@pytest.mark.conforms("ASVS-16.5.2", "ASVS-16.5.3")
async def test_a_store_that_vanishes_is_told_and_comes_back() -> None:
    """A database moved away shows 503 to all once memory is too old, and recovery afterwards."""
    with quick_folder() as folder:
        async with world(folder) as here:
            browser = await proven(here)
            database = folder / "sidecar.db"
            database.rename(folder / "away.db")
            here.clock.travel(seconds=4)
            await refused_honestly(here, browser)
            assert (await browser.open("/open/page")).status == 200
            (folder / "away.db").rename(database)
            await here.sidecar.flows.revocations.read()
            assert (await browser.open("/secret")).text.endswith("for ada")


@pytest.mark.threat(42)
async def test_a_store_exchanged_for_an_empty_one_makes_no_newcomers() -> None:
    """THREATS 42: another database in its place shows 503, and never the way to enroll anew."""
    with quick_folder() as folder, quick_folder() as elsewhere:
        async with world(folder) as here:
            browser = await proven(here)
            fresh = configured(elsewhere)
            made = fresh.settings.storage.database
            await migrate_up(made, key_ring(fresh), here.clock, create=True)
            (elsewhere / "sidecar.db").replace(folder / "sidecar.db")
            here.clock.travel(seconds=4)
            await refused_honestly(here, browser)
