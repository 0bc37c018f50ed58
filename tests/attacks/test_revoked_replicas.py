"""Revocation at one of two replicas: what is open at the other ends by the feed's next reading."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sidecar.core.model import Person
from sidecar.flows.holdings import Holdings
from sidecar.flows.people import People
from sidecar.flows.revocations import READ_EVERY_S
from sidecar.flows.switching import Switching
from tests.application import Application
from tests.attacks.test_live_sockets import OVER, echoes, ending
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import REALM, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADA = Person(REALM, "ada")
LATEST_S = READ_EVERY_S + 1
"""Within a second, and as much more as a busy machine may take."""


@dataclass
class Two:
    """Two replicas that know of each other, and ada, who can prove herself."""

    here: World
    there: World
    ada: Visitor

    async def proven(self, where: World) -> Visitor:
        """Return a browser of ada's that has just proven a factor at this replica."""
        browser = where.visitor()
        browser.cookies, browser.secret = {"app": self.ada.cookies["app"]}, self.ada.secret
        await browser.confirm("/secret")
        assert (await browser.fetch("/secret")).status == 200
        return browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two(postgres: Server) -> AsyncIterator[Two]:
    behind = Application()
    with quick_folder() as one, quick_folder() as other:
        async with postgres.changes() as store:
            changes: dict[str, Any] = {**store, "replicas": 2}
            async with (
                world(one, application=behind, changes=changes) as here,
                world(other, application=behind, changes=changes, clock=here.clock) as there,
            ):
                ada = here.visitor()
                await ada.enroll("ada")
                yield Two(here, there, ada)


async def signed_out(_two: Two, browser: Visitor) -> None:
    page = await browser.open("/_sidecar/account")
    await browser.submit(page, "sessions/end-all")


async def removed(two: Two, _browser: Visitor) -> None:
    """A second authenticator is removed: a change of factors, which ends every other session."""
    sidecar = two.here.sidecar
    holdings = Holdings(sidecar.store, two.here.clock, sidecar.flows.sessions.catch_up)
    found = await holdings.of(ADA)
    codes = next(item for item in found if item.factor == "backup_codes")
    await holdings.remove(ADA, codes.id, "desk")


async def disabled(two: Two, _browser: Visitor) -> None:
    sidecar = two.here.sidecar
    switching = Switching(sidecar.store, two.here.clock, sidecar.flows.sessions.catch_up)
    await switching.switch(ADA, "desk", on=False, reason="lost phone")
    await switching.switch(ADA, "desk", on=True)


async def reset(two: Two, _browser: Visitor) -> None:
    """The epoch is bumped, by an operator who is no process that serves."""
    await People(two.here.sidecar.store, two.here.clock).reset(ADA, "desk", "lost phone")
    await two.here.sidecar.flows.revocations.read()


Revoke = Callable[[Two, Visitor], Awaitable[None]]


@pytest.mark.threat(46)
@pytest.mark.conforms("ASVS-7.4.1", "ASVS-7.4.2")
async def test_what_is_revoked_at_one_ends_at_both(two: Two) -> None:
    """THREATS 46: signing out everywhere, removing an authenticator, disabling and resetting a
    person at one replica show no way in there from that moment on, and within a second no way in
    at the other one, where an open WebSocket is closed and a running download broken off.
    """
    revokes: tuple[Revoke, ...] = (signed_out, removed, disabled, reset)
    for revoke in revokes:
        mine, theirs = await two.proven(two.here), await two.proven(two.there)
        async with (
            mine.socket() as near,
            theirs.socket() as far,
            theirs.download("/endless") as running,
        ):
            assert await echoes(near)
            assert await echoes(far)
            assert await running.readexactly(5) == b"first"
            await revoke(two, mine)
            began = time.monotonic()
            assert (await mine.fetch("/secret")).status != 200
            assert await ending(near) == OVER
            assert await ending(far) == OVER
            with pytest.raises(aiohttp.ClientError):
                await running.read()
            assert (await theirs.fetch("/secret")).status != 200
            assert time.monotonic() - began < LATEST_S, revoke.__name__


async def test_a_feed_that_is_not_read_empties_every_memory(two: Two) -> None:
    """Three seconds without a reading show that a replica asks the store about each request."""
    grace = two.there.visitor()
    await grace.enroll("grace")
    assert (await grace.fetch("/secret")).status == 200
    silent = asyncio.Event()

    async def unreadable() -> None:
        silent.set()

    sessions, now = two.there.sidecar.flows.sessions, two.here.clock
    hashed = sessions.hashed(next(v for k, v in grace.cookies.items() if k.endswith("sidecar")))
    assert hashed is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two.there.sidecar.flows.revocations, "read", unreadable)
        await silent.wait()
        assert sessions.at_hand(hashed, now()) is not None
        now.travel(seconds=3.1)
        assert sessions.at_hand(hashed, now()) is None
        assert (await grace.fetch("/secret")).status == 200
        assert sessions.at_hand(hashed, now()) is None
