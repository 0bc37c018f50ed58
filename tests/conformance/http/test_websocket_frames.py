"""W4: what two ends of a WebSocket say through the front is what they say without it."""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from tests.conformance.http.frames import (
    BINARY,
    CLOSE,
    COMPRESSED,
    MASK,
    MORE,
    PING,
    PONG,
    TEXT,
    Frame,
    closing,
    frame,
    read_frame,
)
from tests.conformance.http.harness import Application, Peer, Stage, Visitor
from tests.conformance.http.test_websocket import HANDSHAKE, SWITCH, UPGRADE


def deflated(text: bytes) -> bytes:
    """Return a message as permessage-deflate sends it (RFC 7692 §7.2.1)."""
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def patterned(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


SAID: Final = (
    (TEXT, "grüße".encode(), {}),
    (BINARY, b"", {}),
    (TEXT, b"Hel", {"final": False}),
    (PING, b"between fragments", {}),
    (MORE, b"", {"final": False}),
    (PONG, b"unasked", {}),
    (MORE, b"lo", {}),
    (TEXT, deflated(b"squeezed " * 900), {"rsv": COMPRESSED}),
    (BINARY, deflated(patterned(9000))[:4000], {"rsv": COMPRESSED, "final": False}),
    (MORE, deflated(patterned(9000))[4000:], {}),
    *((BINARY, patterned(size), {}) for size in (1, 125, 126, 127, 65535, 65536, 4 * 2**20 + 1)),
    (PING, patterned(125), {}),
)
"""Every kind of frame, as opcode, payload and bits."""


def script(mask: bytes | None) -> bytes:
    return b"".join(
        frame(opcode, payload, mask=mask, **bits)  # type: ignore[arg-type]  # bits are flags
        for opcode, payload, bits in SAID
    ) + closing(4000, "that is all", mask=mask)


DOWN, UP = script(None), script(MASK)


@dataclass(frozen=True)
class Heard:
    """Every byte that either end got behind the handshake."""

    client: bytes
    application: bytes


async def application(peer: Peer) -> None:
    """Say everything, hear everything, and close first, as a server does."""
    await peer.head()
    before = len(peer.seen)
    peer.send(SWITCH + DOWN[:7])  # the first frame is glued, and cut
    peer.send(DOWN[7:])
    while len(peer.seen) - before < len(UP):
        await peer.some()
    await peer.drain()
    peer.close()


async def converse(visitor: Visitor, step: int) -> bytes:
    """Say everything in pieces, the first one glued to the handshake; return what was heard."""
    visitor.send(HANDSHAKE + UPGRADE + UP[:3])
    head = await visitor.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")

    async def speak() -> None:
        at = 3
        for size in (1, 1, 2, 3, 5, 8, 13, 21, 34, 55):
            visitor.send(UP[at : at + size])
            await asyncio.sleep(0)
            at += size
        for start in range(at, len(UP), step):
            visitor.send(UP[start : start + step])
            await visitor.drain()

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(speak())
        return await visitor.rest()


async def heard_on(stage: Stage, port: int, step: int) -> Heard:
    opened = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    visitor = Visitor(*opened)
    client = await converse(visitor, step)
    visitor.close()
    seen = bytes(stage.app.peers[-1].seen)
    return Heard(client, seen[seen.index(b"\r\n\r\n") + 4 :])


@pytest.mark.parametrize("step", [4099, 2**18])
async def test_w4_same_bytes_direct_and_through(stage: Stage, step: int) -> None:
    """The same session direct and through: shows the same bytes at both ends, whatever the frames:
    fragments, controls between them, compressed, empty, and of every length of head.
    """
    stage.app.script = application
    direct = await heard_on(stage, int(stage.app.url.rpartition(":")[2]), step)
    through = await heard_on(stage, stage.listener.port, step)
    assert direct == Heard(DOWN, UP)
    assert through == direct


async def test_w4_frames_are_read_as_they_were_written() -> None:
    """Shows that the frames of these tests are those of the standard, by its own examples.

    RFC 6455 §5.7.
    """
    assert frame(TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    mask = bytes.fromhex("37fa213d")
    assert frame(TEXT, b"Hello", mask=mask) == bytes.fromhex("818537fa213d7f9f4d5158")
    assert frame(BINARY, bytes(256))[:4] == bytes.fromhex("827e0100")
    assert frame(BINARY, bytes(65536))[:10] == bytes.fromhex("827f0000000000010000")
    reader = asyncio.StreamReader(limit=2**24)
    reader.feed_data(UP)
    for opcode, payload, bits in SAID:
        read = await read_frame(reader.readexactly)
        assert read == replace(Frame(opcode, payload, masked=True), **bits)  # type: ignore[arg-type]
    assert (await read_frame(reader.readexactly)).opcode == CLOSE


# -- two ends that nobody here wrote ---------------------------------------------------------------

Talk = Callable[[web.WebSocketResponse], Awaitable[None]]


class RealApplication(Application):
    """aiohttp's WebSocket server in the place of the scripted application."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk
        self._runner = web.ServerRunner(web.Server(self._handle))

    async def _handle(self, request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=True, max_msg_size=0)
        await socket.prepare(request)
        await self._talk(socket)
        return socket

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        assert tls is None
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()


@asynccontextmanager
async def real(talk: Talk) -> AsyncIterator[str]:
    """Run the front before a real application; yield where a real client finds it."""
    stage = Stage()
    stage.app = RealApplication(talk)
    await stage.start()
    try:
        yield f"http://127.0.0.1:{stage.listener.port}/ws"
    finally:
        await stage.stop()


async def test_w4_compression_is_agreed_end_to_end() -> None:
    """Two real ends with permessage-deflate: show that they agree, talk and part through us."""

    async def talk(socket: web.WebSocketResponse) -> None:
        async for message in socket:
            await (socket.send_str if message.type is WSMsgType.TEXT else socket.send_bytes)(
                message.data
            )
            if message.data == "bye":
                await socket.close(code=4321, message=b"as you wish")

    async with (
        real(talk) as url,
        aiohttp.ClientSession() as session,
        session.ws_connect(url, compress=15, max_msg_size=0) as socket,
    ):
        assert socket.compress
        for text in ("", "ä" * 40_000, "bye"):
            await socket.send_str(text)
            assert await socket.receive_str(timeout=4) == text
            if text == "":
                await socket.send_bytes(patterned(4 * 2**20 + 1))
                assert await socket.receive_bytes(timeout=4) == patterned(4 * 2**20 + 1)
        last = await socket.receive(timeout=4)
        assert (last.type, last.data, last.extra) == (WSMsgType.CLOSE, 4321, "as you wish")
