"""Twin of sidecar/proxy/stop.py: whom a session does not allow, and who passes all the same."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from structlog.testing import capture_logs

from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Person
from sidecar.flows.switching import Switching, Wanted
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import REALM, World, free_port, world

RULES = [
    {"name": "fresh", "path": "/fresh/**", "level": "two_factor", "max_age": "5m"},
    {"name": "named", "path": "/named/**", "level": "two_factor", "factors": ["totp"]},
    {"name": "live", "path": "/live/**", "level": "two_factor", "live": "close"},
    {"name": "never", "path": "/never/**", "level": "deny"},
]
ON: dict[str, Any] = {"policy": {"default": "two_factor", "exempt_disabled": True, "rules": RULES}}


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


@pytest.fixture
async def lenient(folder: Path) -> AsyncIterator[World]:
    """A sidecar that lets pass whose factors were switched off."""
    async with world(folder, changes=ON) as place:
        yield place


def switching(place: World) -> Switching:
    flows = place.sidecar.flows
    return Switching(flows.kit.store, place.clock, flows.sessions.catch_up)


async def disabled(place: World, name: str = "ada") -> Visitor:
    """Return the browser of somebody who never enrolled and is disabled."""
    browser = place.visitor()
    await browser.sign_in(name)
    await switching(place).create(Person(REALM, name), Wanted(enabled=False), "api:desk")
    return browser


async def statuses(browser: Visitor, *targets: str) -> list[int]:
    return [(await browser.fetch(target)).status for target in targets]


async def test_the_disabled_pass_where_two_factors_are_asked(lenient: World) -> None:
    """Somebody disabled shows that they reach what two factors protect, and nothing that asks for
    a fresh or a certain proof, or denies; enabled again, they reach nothing at once.
    """
    browser = await disabled(lenient)
    targets = ("/x", "/fresh/x", "/named/x", "/never/x")
    assert await statuses(browser, *targets) == [200, 403, 403, 403]
    grace = lenient.visitor()
    await grace.sign_in("grace")
    assert await statuses(grace, "/x") == [403]
    await switching(lenient).switch(Person(REALM, "ada"), "api:desk", on=True)
    assert await statuses(browser, *targets) == [403, 403, 403, 403]


async def test_nobody_passes_unless_it_is_written(folder: Path) -> None:
    """Without the setting somebody disabled shows that a page leads them to help, and a program is
    told that they need recovery.
    """
    async with world(folder) as place:
        browser = await disabled(place)
        answer = await browser.fetch("/x")
        assert (answer.status, "problems/recovery-needed" in answer.text) == (403, True)
        assert "none of your sign-in methods can be used." in (await browser.open("/x")).text


async def test_whoever_had_a_session_passes_without_its_proofs(lenient: World) -> None:
    """Somebody enrolled who is disabled shows that what goes on vouches for one factor alone."""
    ada = lenient.visitor()
    await ada.enroll("ada")
    await switching(lenient).switch(Person(REALM, "ada"), "api:desk", on=False)
    assert await statuses(ada, "/x", "/fresh/x") == [200, 403]
    assert (await ada.fetch("/easy/x")).status == 200


async def test_a_tunnel_ends_once_a_factor_is_asked_for_again(lenient: World) -> None:
    """A WebSocket of somebody disabled shows that it stays while they are, whatever the rule says
    of age, and ends as soon as they are enabled.
    """
    browser = await disabled(lenient)
    async with browser.socket("/live/socket") as socket:
        lenient.clock.travel(minutes=30)
        await lenient.sidecar.flows.live.expire(lenient.clock())
        await socket.send_str("still there")
        assert (await socket.receive(10)).data == "still there"
        await switching(lenient).switch(Person(REALM, "ada"), "api:desk", on=True)
        async with asyncio.timeout(10):
            ended = await socket.receive()
        assert ended.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR}


async def test_an_outage_exempts_nobody(lenient: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot be asked who is disabled shows 503."""
    browser = await disabled(lenient)
    assert await statuses(browser, "/x") == [200]

    def gone() -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(lenient.sidecar.store, "read", gone)
    assert await statuses(browser, "/x") == [503]


async def test_the_exemption_is_loud(folder: Path) -> None:
    """A start with it shows a warning in the log, and each such request a count of its own."""
    probes = {"listen": {"public": "127.0.0.1:0", "probes": f"127.0.0.1:{free_port()}"}}
    with capture_logs() as lines:
        async with world(folder, changes={**ON, **probes}) as place:
            browser = await disabled(place)
            await browser.fetch("/x")
            url = f"http://{probes['listen']['probes']}/metrics"
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                told = await answer.text()
    assert "policy.exempts_disabled" in {line["event"] for line in lines}
    assert re.search(r'decision="exempt".*} 1\.0', told)
