"""An HTTP server on loopback that hears whole requests, and answers as told, or fails as told."""

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import parse_qsl


class Mishap(Enum):
    """What becomes of one request instead of an answer."""

    HANG_UP = auto()
    """The connection is reset after the request was heard."""
    SILENCE = auto()
    """Nothing is ever said."""
    DRIP = auto()
    """The answer comes byte by byte, and never ends."""
    CUT = auto()
    """The answer ends in the middle."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One request, whole."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))


Answers = Callable[[Heard], bytes]


def answer(status: int, body: bytes | str = b"", *fields: str) -> bytes:
    """Return an answer as it goes over the wire."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} As Told", f"Content-Length: {len(content)}", *fields]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + content


def welcome(_heard: Heard) -> bytes:
    return answer(200, "welcome")


@dataclass(slots=True)
class Peer:
    """The server: `next_up` holds what becomes of the next requests, before `answers` answers."""

    answers: Answers
    port: int = 0
    scheme: str = "http"
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    next_up: deque[Mishap | bytes] = field(default_factory=deque)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                self.heard.append(await _hear(reader))
                await self._say(writer)
        finally:
            writer.transport.abort()

    async def _say(self, writer: asyncio.StreamWriter) -> None:
        said = self.next_up.popleft() if self.next_up else self.answers(self.heard[-1])
        match said:
            case bytes():
                writer.write(said)
                await writer.drain()
                writer.close()
                await writer.wait_closed()
            case Mishap.HANG_UP:
                plain: socket.socket = writer.get_extra_info("socket")
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case Mishap.SILENCE:
                await self.leaving.wait()
            case Mishap.DRIP:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
                while not await self._left(0.002):
                    writer.write(b"x")
            case Mishap.CUT:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\nhalf")
                await writer.drain()
                writer.close()
                await writer.wait_closed()

    async def _left(self, within_s: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.leaving.wait(), within_s)
        return self.leaving.is_set()


@asynccontextmanager
async def listening(
    answers: Answers = welcome, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    """Run one for the length of the block."""
    peer = Peer(answers, scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(peer.serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        peer.leaving.set()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*tasks)


async def _hear(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = tuple((name, value.strip()) for name, _, value in (x.partition(":") for x in lines))
    heard = Heard(method, target, headers, b"")
    length = int(heard.header("Content-Length") or 0)
    return Heard(method, target, headers, await reader.readexactly(length))
