"""Revocation: what was ended anywhere opens nothing, here at once and elsewhere within a second."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sidecar.flows.revocations import READ_EVERY_S
from tests.application import Application
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import World, world

PATIENCE_S = 10


async def lets_in(browser: Visitor, world_: World) -> bool:
    """Tell whether this process lets the browser through, as a script of its page asks."""
    browser.world = world_
    return (await browser.fetch("/secret")).status == 200


@asynccontextmanager
async def two_processes() -> AsyncIterator[tuple[World, World, Visitor]]:
    """Two sidecars over one store and one application, and a proven browser known to both."""
    with quick_folder() as folder:
        application = Application()
        async with (
            world(folder, application=application) as here,
            world(folder, application=application, clock=here.clock) as there,
        ):
            browser = here.visitor()
            await browser.enroll()
            assert await lets_in(browser, here)
            assert await lets_in(browser, there)
            yield here, there, browser


@pytest.mark.threat(46)
@pytest.mark.conforms("ASVS-7.4.1", "ASVS-7.4.2", "ASVS-7.4.5")
@pytest.mark.parametrize("how", ["end-all", "reset", "logout", "everybody"])
async def test_ended_in_one_process_is_ended_in_both(how: str) -> None:
    """THREATS 46: sign-out everywhere, of everybody, reset and the application's logout show a
    dead cookie.

    In the same process at once, in the other one by the feed, within its second.
    """
    async with two_processes() as (here, there, browser):
        thief = here.visitor()
        thief.cookies = dict(browser.cookies)
        browser.world = here
        if how == "end-all":
            page = await browser.open("/_sidecar/account")
            await browser.submit(page, "sessions/end-all")
        elif how == "logout":
            kept = dict(here.application.people)
            await browser.post("/logout", {}, follow=0)
            here.application.people.update(kept)  # an application that forgets to forget
        elif how == "everybody":
            await here.end_everybody()
        else:
            await here.reset("ada")
            await here.sidecar.flows.revocations.read()
        assert not await lets_in(thief, here)
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            while await lets_in(thief, there):  # noqa: ASYNC110 - on the other side of a wire
                await asyncio.sleep(0.02)
        assert time.monotonic() - began < READ_EVERY_S + 1  # the machine may be busy
        assert READ_EVERY_S < 1


async def test_a_feed_that_cannot_be_read_ends_all_trust_in_memory() -> None:
    """A session revoked elsewhere while the feed is down shows no way in after three seconds."""
    async with two_processes() as (here, there, browser):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(there.sidecar.flows.revocations, "read", _unreadable)
            await here.reset("ada")
            here.clock.travel(seconds=4)
            assert not await lets_in(browser, there)


async def _unreadable() -> None:
    """Read nothing, for ever."""


@pytest.mark.threat(46, 38)
async def test_adding_a_factor_signs_out_the_thief_at_once() -> None:
    """THREATS 46, 38: a browser with stolen cookies shows a dead session once an app was added."""
    with quick_folder() as folder:
        async with world(folder) as here:
            owner, thief = here.visitor(), here.visitor()
            await owner.enroll()
            thief.cookies = {"app": owner.cookies["app"]}
            thief.secret = owner.secret
            await thief.confirm("/secret")
            assert await lets_in(thief, here)
            here.clock.travel(seconds=30)
            page = await owner.open("/_sidecar/enroll")
            page = await owner.submit(page, "enroll/begin", factor="totp")
            page = await owner.submit(page, "challenge/answer", code=owner.code())
            secret = page.text.partition("secret=")[2].partition("&")[0]
            owner.secret = secret
            await owner.submit(page, "enroll/finish", code=owner.code())
            assert await lets_in(owner, here)
            assert not await lets_in(thief, here)
