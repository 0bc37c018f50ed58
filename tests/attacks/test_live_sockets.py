"""WebSockets that are open while what they rest on ends: closed within a second, and told why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.application import Application
from tests.attacks.test_revocation import two_processes
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import World, world

PATIENCE_S = 10
AGING = {"max_age": "5m", "live": "close"}
RULES = [
    {"name": "live", "path": ["/live/**", "/endless"], "level": "two_factor"} | AGING,
    {"name": "once", "path": "/once/**", "level": "two_factor", "max_age": "5m"},
    {"name": "easy", "path": "/easy/**", "level": "one_factor"},
]
CHANGES: dict[str, Any] = {"policy": {"default": "two_factor", "rules": RULES}}


@asynccontextmanager
async def proven(*, keep_cookie: bool = False) -> AsyncIterator[tuple[World, Visitor]]:
    """Run a sidecar; lend it with ada's browser, which has just proven a second factor."""
    with quick_folder() as folder:
        application = Application(keep_cookie=keep_cookie)
        async with world(folder, application=application, changes=CHANGES) as place:
            ada = place.visitor()
            await ada.enroll("ada")
            yield place, ada


async def echoes(socket: ClientWebSocketResponse) -> bool:
    """Tell whether what is said comes back."""
    await socket.send_str("hello")
    return await socket.receive_str(timeout=PATIENCE_S) == "hello"


async def ending(socket: ClientWebSocketResponse) -> tuple[int, str]:
    """Return how the socket was closed, after whatever was still said on it."""
    while (message := await socket.receive(timeout=PATIENCE_S)).type is WSMsgType.TEXT:
        pass
    assert message.type is WSMsgType.CLOSE, message
    return message.data, message.extra or ""


OVER = (4401, "session ended")
AGED = (4401, "proof too old")


@pytest.mark.conforms("ASVS-7.4.1", "ASVS-7.4.2")
@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize("how", ["end-all", "reset", "logout", "somebody else", "everybody"])
async def test_open_sockets_end_with_the_session(how: str, where: str) -> None:
    """THREATS 46: sign-out everywhere, of everybody, reset, the application's logout and its next
    person show 4401 on a WebSocket of this process, and of another one by the feed.
    """
    async with two_processes() as (here, there, browser):
        browser.world = place = here if where == "here" else there
        async with browser.socket() as socket:
            assert await echoes(socket)
            browser.world = here
            if how == "end-all":
                page = await browser.open("/_sidecar/account")
                await browser.submit(page, "sessions/end-all")
            elif how == "logout":
                await browser.post("/logout", {}, follow=0)
            elif how == "somebody else":
                await browser.sign_in("grace")
                assert (await browser.open("/", follow=0)).status == 303
            elif how == "everybody":
                await here.end_everybody()
            else:
                await here.reset("ada")
            await place.sidecar.flows.revocations.read()  # as it does within every second
            assert await ending(socket) == OVER
        assert here.application.closed == [4401]


async def test_nothing_is_said_after_a_revocation() -> None:
    """Messages on their way while a session ends: show that none of them reaches the application
    once the client has been told.
    """
    async with proven() as (place, ada):
        async with ada.socket() as socket:
            assert await echoes(socket)
            await place.reset("ada")
            await place.sidecar.flows.revocations.read()
            said = len(place.application.said)
            for _ in range(50):
                await socket.send_str("too late")
            assert await ending(socket) == OVER
        assert place.application.said[said:] == []


async def test_one_cookie_another_person() -> None:
    """THREATS 47: an application that keeps its cookie at login: shows that the next request of
    the browser, which is somebody else now, ends what was open for the one before.
    """
    async with proven(keep_cookie=True) as (place, ada), ada.socket() as socket:
        assert await echoes(socket)
        cookie = ada.cookies["app"]
        await ada.sign_in("grace")
        assert (ada.cookies["app"], place.application.people[cookie]) == (cookie, "grace")
        assert (await ada.fetch("/")).status == 403
        assert await ending(socket) == OVER


async def test_the_lifetime_of_a_session() -> None:
    """A day later: shows that no WebSocket outlives its session."""
    async with proven() as (place, ada), ada.socket() as socket:
        assert await echoes(socket)
        await later(place, hours=24)
        assert await ending(socket) == OVER


async def test_other_people_talk_on() -> None:
    """Ada signs out everywhere: shows that grace's WebSocket does not notice."""
    async with proven() as (place, ada):
        grace = place.visitor()
        await grace.enroll("grace")
        async with ada.socket() as hers, grace.socket() as other:
            assert await echoes(hers)
            assert await echoes(other)
            page = await ada.open("/_sidecar/account")
            await ada.submit(page, "sessions/end-all")
            assert await ending(hers) == OVER
            assert await echoes(other)


# -- the age of proofs -----------------------------------------------------------------------------


async def later(place: World, **time: float) -> None:
    place.clock.travel(**time)
    await place.sidecar.flows.live.expire(place.clock())


async def test_old_proofs_close_where_the_rule_asks() -> None:
    """Five minutes and a second: show that `live: close` ends a WebSocket, and the same rule
    without it lets one go on.
    """
    async with proven() as (place, ada):
        async with ada.socket("/live/socket") as short, ada.socket("/once/socket") as long:
            await later(place, minutes=5)
            assert await echoes(short)
            await later(place, seconds=1)
            assert await ending(short) == AGED
            assert await echoes(long)
        page = await ada.fetch("/live/socket")
        assert page.status == 401


async def test_a_new_proof_keeps_it_open() -> None:
    """A second code after four minutes: shows that the open WebSocket counts it too."""
    async with proven() as (place, ada), ada.socket("/live/socket") as socket:
        await later(place, minutes=4)
        page = await ada.open("/_sidecar/challenge?max_age=60")
        await ada.submit(page, "challenge/answer", code=ada.code())
        await later(place, minutes=4)
        assert await echoes(socket)
        await later(place, minutes=2)
        assert await ending(socket) == AGED


async def test_downloads_are_never_cut_by_age() -> None:
    """A download under a rule with `live: close`: shows that an hour later it still runs."""
    async with proven() as (place, ada), ada.download("/endless") as body:
        assert await body.readany() == b"first"
        await later(place, minutes=59)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(body.readany(), 0.1)


async def test_without_a_session_the_application_decides() -> None:
    """A rule of one factor, and nobody proven: shows that the WebSocket rests on the application's
    login alone, as docs/operations.md says.
    """
    with quick_folder() as folder:
        async with world(folder, changes=CHANGES) as place:
            grace = place.visitor()
            await grace.sign_in("grace")
            async with grace.socket("/easy/socket") as socket:
                assert await echoes(socket)
                await grace.post("/logout", {}, follow=0)
                assert await echoes(socket)
