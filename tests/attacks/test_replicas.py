"""Two replicas on one PostgreSQL: what one knows, forbids or has used up, so does the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

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
