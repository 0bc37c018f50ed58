"""What comes over a connection of the management API and is no HTTP."""

import asyncio
import logging

import pytest
from aiohttp import web

from sidecar.web.management import wire
from sidecar.web.management.wire import Connections

TOKEN = "sidecar_swordfish"
TYPES = "https://x.test/_sidecar/problems/"
UNREADABLE = (
    f"GET / HTTP/1.1\r\nAuthori zation: Bearer {TOKEN}\r\n\r\n",
    f"GET /{TOKEN} HTTP/1.1 x\r\n\r\n",
    f"{TOKEN}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {TOKEN}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nA: {TOKEN * 1000}\r\n\r\n",
)


class Wire:
    """One connection to an application that answers everything alike."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def say(self, text: str) -> str:
        """Return all that comes back until the connection ends."""
        self._writer.write(text.encode())
        await self._writer.drain()
        async with asyncio.timeout(20):
            return (await self.reader.read()).decode()

    def close(self) -> None:
        self._writer.close()


async def answer(_request: web.Request) -> web.Response:
    return web.Response(text="fine")


async def said(text: str) -> str:
    """Return what comes back of these bytes until the connection ends."""
    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = Connections(app, TYPES)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        opened = Wire(*await asyncio.open_connection(*runner.addresses[0][:2]))
        try:
            return await opened.say(text)
        finally:
            opened.close()
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("text", UNREADABLE)
async def test_what_cannot_be_read_is_not_quoted(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A head that is no HTTP shows a problem that says nothing of it, nor of the software, and
    nothing in the log.
    """
    caplog.set_level(logging.DEBUG)
    told = await said(text)
    assert told.startswith("HTTP/1.0 400 ")
    assert f'"type": "{TYPES}malformed-request"' in told
    assert "application/problem+json" in told
    for hidden in ("swordfish", "aiohttp", "Python"):
        assert hidden not in told + caplog.text


@pytest.mark.threat(69)
@pytest.mark.parametrize("text", ["", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nX-A"])
async def test_half_a_head_holds_no_connection(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """THREATS 69: nothing, half a line and half a head show a connection that is closed."""
    monkeypatch.setattr(wire, "IDLE_S", 0.05)
    assert await said(text) == ""


async def test_what_is_http_is_served() -> None:
    """A request shows its answer."""
    told = await said("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert told.endswith("fine")
