"""A page of another site opens a WebSocket in its visitor's name (THREATS 65, RFC 6455 §10.2)."""

from typing import Any

import pytest
from aiohttp import WSServerHandshakeError

from tests.unit.flows.scene import quick_folder
from tests.unit.proxy.test_pipeline import UPGRADE
from tests.visitor import Visitor
from tests.wire import tell
from tests.world import ORIGIN, World, world

EVIL = "https://evil.test"
FRIEND = "https://chat.test"
CHANGES: dict[str, Any] = {"websocket": {"origins": [FRIEND]}}


async def status(browser: Visitor, target: str, origin: str) -> int:
    try:
        async with browser.socket(target, Origin=origin):
            return 101
    except WSServerHandshakeError as refused:
        return refused.status


@pytest.mark.conforms("ASVS-4.4.2")
async def test_whose_pages_may_ask() -> None:
    """Pages of our origin, of a listed one and of others, under every level: show that a foreign
    page gets 403 and the application nothing, but for rules that ask nobody who they are.
    """
    with quick_folder() as folder:
        async with world(folder, changes=CHANGES) as place:
            ada = place.visitor()
            await ada.enroll("ada")
            for target in ("/socket", "/easy/socket", "/pay/socket"):
                for origin, expected in ((ORIGIN, 101), (FRIEND, 101), (EVIL, 403), ("null", 403)):
                    assert (target, origin, await status(ada, target, origin)) == (
                        target,
                        origin,
                        expected,
                    )
            assert await status(ada, "/open/socket", EVIL) == 101
            assert len(await handshakes(place)) == 7


async def handshakes(place: World) -> list[str]:
    return [one.target for one in place.application.seen if one.all("Upgrade")]


async def test_refusals_tell_nothing() -> None:
    """A foreign page, two Origins, and no Origin at all: show 403 before anybody is asked who it
    is, 400, and the answer of any other request.
    """
    with quick_folder() as folder:
        async with world(folder) as place:
            for fields, expected in (
                ((f"Origin: {EVIL}",), 403),
                ((f"Origin: {ORIGIN}", f"Origin: {EVIL}"), 400),
                ((f"Origin: {ORIGIN}",), 401),
                ((), 401),
            ):
                answer = await tell(place, *UPGRADE, *fields, target="/socket")
                assert (fields, answer.status) == (fields, expected)
            assert place.application.seen == []
