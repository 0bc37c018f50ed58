"""Two replicas on one PostgreSQL: what one knows, forbids or has used up, so does the other."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from sidecar.flows.revocations import READ_EVERY_S
from tests.application import Application
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import World, world


@asynccontextmanager
async def replicas(server: Server) -> AsyncIterator[tuple[World, World]]:
    """Two sidecars that share nothing but the database, the key and the application."""
    application = Application()
    with quick_folder() as one, quick_folder() as two:
        async with (
            server.changes() as changes,
            world(one, application=application, changes=changes) as here,
            world(two, application=application, changes=changes, clock=here.clock) as there,
        ):
            yield here, there


async def returning(browser: Visitor, where: World) -> Visitor:
    """Return the same person in a browser without a session."""
    fresh = where.visitor()
    fresh.cookies = {"app": browser.cookies["app"]}
    fresh.secret = browser.secret
    return fresh


async def test_one_replica_knows_whom_the_other_let_in(postgres: Server) -> None:
    """A factor set up at one replica shows the way in at the other, with and without its cookie."""
    async with replicas(postgres) as (here, there):
        browser = here.visitor()
        await browser.enroll()
        browser.world = there
        assert (await browser.fetch("/secret")).status == 200
        again = await returning(browser, there)
        assert (await again.fetch("/secret")).status == 401
        await again.confirm("/secret")
        for where in (there, here):
            again.world = where
            assert (await again.fetch("/secret")).status == 200


@pytest.mark.threat(50)
async def test_a_code_used_at_one_replica_is_used_at_the_other(postgres: Server) -> None:
    """THREATS 50: the code that one replica took shows as used up at the other."""
    async with replicas(postgres) as (here, there):
        browser = here.visitor()
        await browser.enroll()
        one, two = await returning(browser, here), await returning(browser, there)
        pages = [await who.open("/secret") for who in (one, two)]
        here.clock.travel(seconds=30)
        code = one.code()
        assert (await one.submit(pages[0], "challenge/answer", code=code)).status == 200
        assert (await two.submit(pages[1], "challenge/answer", code=code)).status == 422
        assert (await two.fetch("/secret")).status == 401


async def lets_in(browser: Visitor, where: World) -> bool:
    browser.world = where
    return (await browser.fetch("/secret")).status == 200


@pytest.mark.threat(46)
@pytest.mark.conforms("ASVS-7.4.1", "ASVS-7.4.2")
async def test_ended_at_one_replica_is_ended_at_the_other(postgres: Server) -> None:
    """THREATS 46: signing out everywhere at one replica shows a dead cookie there at once, and at
    the other within the feed's second.
    """
    async with replicas(postgres) as (here, there):
        browser, thief = here.visitor(), here.visitor()
        await browser.enroll()
        thief.cookies = dict(browser.cookies)
        assert await lets_in(thief, there)
        page = await browser.open("/_sidecar/account")
        await browser.submit(page, "sessions/end-all")
        assert not await lets_in(thief, here)
        began = time.monotonic()
        async with asyncio.timeout(10):
            while await lets_in(thief, there):  # noqa: ASYNC110 - on the other side of a wire
                await asyncio.sleep(0.02)
        assert time.monotonic() - began < READ_EVERY_S + 1  # the machine may be busy


@pytest.mark.conforms("ASVS-16.5.2", "ASVS-16.5.3")
async def test_a_server_that_is_away_is_told_and_comes_back(postgres: Server) -> None:
    """A database that lets nobody in shows 503 to all once memory is too old, never the way to
    enroll anew; and everybody let in again once it does.
    """
    async with replicas(postgres) as (here, there):
        browser = here.visitor()
        await browser.enroll()
        assert await lets_in(browser, there)
        database = urlsplit(there.loaded.settings.storage.database).path[1:]
        async with postgres.away(database):
            here.clock.travel(seconds=4)
            for where in (here, there):
                browser.world = where
                for path in ("/secret", "/_sidecar/account", "/_sidecar/enroll"):
                    page = await browser.open(path)
                    assert page.status == 503, (path, page.url)
                    assert page.headers["Retry-After"]
                    assert database not in page.text
                assert (await browser.open("/open/page")).status == 200
        for where in (here, there):
            await where.reads_again()
            assert await lets_in(browser, where)
