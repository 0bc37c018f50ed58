"""The whole sidecar with its sessions in Redis: across restarts, and through Redis' own outages."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests import redis
from tests.application import Application
from tests.visitor import FETCH, Visitor
from tests.world import World, world

pytestmark = pytest.mark.slow


def on(server: redis.Redis) -> dict[str, Any]:
    address = f"127.0.0.1:{server.port}"
    return {
        "redis": {"address": address, "timeout": "200ms"},
        "session": {"idle": "1h", "lifetime": "24h", "store": "redis"},
    }


async def served(browser: Visitor) -> bool:
    return (await browser.open("/secret", follow=0)).status == 200


async def back(browser: Visitor) -> int:
    """Return what a person is answered once Redis is noticed to be back."""
    async with asyncio.timeout(20):
        while True:
            page = await browser.open("/secret", follow=0)
            if page.status != 503:
                return page.status
            await asyncio.sleep(0.05)


def forget(here: World) -> None:
    """Nothing is answered from memory: what is there now is asked for."""
    here.sidecar.flows.revocations.tell(None, None)


@pytest.mark.conforms("ASVS-16.5.3")
async def test_sessions_in_redis(tmp_path: Path) -> None:
    """What was proven shows after a restart and on another replica, 503 while Redis is away, and
    proven anew once it is back and empty; what ended shows as over on both.
    """
    behind = Application()
    with redis.serving() as server:
        lasting: dict[str, Any] = {"application": behind, "changes": on(server)}
        async with world(tmp_path, **lasting) as here:
            browser = here.visitor()
            await browser.enroll(target="/secret")
            assert await served(browser)
        async with (
            world(tmp_path, **lasting, clock=here.clock) as one,
            world(tmp_path, **lasting, clock=here.clock) as other,
        ):
            tabs = [before(browser, one), before(browser, other)]
            assert [await served(tab) for tab in tabs] == [True, True]
            await through_outages(server, tabs[0], one)
            page = await tabs[0].open("/_sidecar/account")
            await tabs[0].submit(page, "account/sessions/end-all")
            forget(other)
            assert [await served(tab) for tab in tabs] == [False, False]


async def through_outages(server: redis.Redis, browser: Visitor, here: World) -> None:
    """Nobody is let in while Redis is away, and everybody goes on once it is back."""
    with server.silent():
        forget(here)
        page = await browser.open("/secret", follow=0)
        assert (page.status, page.headers["Retry-After"]) == (503, "1")
        page = await browser.send("GET", "/secret", headers=FETCH)
        assert page.status == 503
        assert "store-unavailable" in page.text
        assert (await browser.open("/open/page")).status == 200
    assert await back(browser) == 200
    with server.away():
        forget(here)
        assert (await browser.open("/secret", follow=0)).status == 503
    assert await back(browser) == 303
    await browser.confirm("/secret")
    assert await served(browser)


def before(browser: Visitor, here: World) -> Visitor:
    """Return the same browser, before another sidecar: what one is told, both know."""
    tab = here.visitor()
    tab.cookies, tab.secret, tab.codes = browser.cookies, browser.secret, browser.codes
    return tab
