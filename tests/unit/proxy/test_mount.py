"""Twin of sidecar/proxy/mount.py; pages on real connections: tests/conformance/http."""

import asyncio

import pytest
from aiohttp import web

from sidecar.proxy.mount import Pages
from tests.conformance.http.harness import staged


async def test_lifetime() -> None:
    """Shows that the application's start-up and clean-up run with the pages."""
    events: list[str] = []

    async def on_startup(_app: web.Application) -> None:
        events.append("start")

    async def on_cleanup(_app: web.Application) -> None:
        events.append("stop")

    app = web.Application()
    app.on_startup.append(on_startup)
    app.on_cleanup.append(on_cleanup)
    pages = Pages(app)
    await pages.start()
    await pages.stop()
    assert events == ["start", "stop"]


@pytest.mark.parametrize("broken", ["early", "late"])
async def test_handler_that_fails(broken: str) -> None:
    """Shows that a failure is a 500 before the first byte, and a broken answer after it."""
    async with staged() as stage:

        async def bug(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            if broken == "late":
                await response.prepare(request)
                await response.write(b"half")
            raise LookupError

        stage.pages._runner.app._router._frozen = False
        stage.pages._runner.app.router.add_get("/page/broken", bug)
        answer = await (await stage.visitor()).get("/page/broken")
        if broken == "early":
            assert (answer.status, answer.whole) == (500, True)
        else:
            assert (answer.status, answer.whole) == (200, False)


async def test_unread_body_ends_the_connection() -> None:
    """Shows that a page that answers before its body has come ends the connection properly."""
    async with staged() as stage:
        visitor = await stage.visitor()
        visitor.send(b"GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx")
        answer = await visitor.answer()
        assert (answer.body, answer.all("Connection")) == (b"hello ada", [b"close"])
        await asyncio.sleep(0)
        visitor.send(b"x" * 1000)
        assert await visitor.rest() == b""
