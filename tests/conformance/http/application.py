"""A scripted application that keeps every byte it was sent."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CANARY = b"GET /canary/"


def canary_answer(head: bytes) -> bytes:
    """Return what a canary hears: its own number, and nothing of anybody else."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ncanary-%b" % head[len(CANARY) :][:1]


class Peer:
    """One connection the application accepted, and every byte it was ever sent.

    Canaries are answered whatever the script, and kept apart from what it sees.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.canaries: list[bytes] = []
        self.seen = bytearray()
        self.over = asyncio.Event()
        """The front has closed its side."""

    async def head(self) -> bytes:
        """Return one request head; empty when the front closed instead."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            head = error.partial
            self.over.set()
        if self._answers_canary(head):
            return await self.head() or self._ends_with_its_canary()
        self.seen += head
        return head if head.endswith(b"\r\n\r\n") else b""

    async def request(self) -> bytes:
        """Return a head after reading the body that it announces."""
        head = await self.head()
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            while not self.seen.endswith(b"0\r\n\r\n"):
                if not await self.some():
                    break
        elif b"content-length: " in lower:
            await self.exactly(int(lower.split(b"content-length: ")[1].split(b"\r\n")[0]))
        return head

    async def exactly(self, size: int) -> bytes:
        with contextlib.suppress(asyncio.IncompleteReadError):
            data = await self._reader.readexactly(size)
            self.seen += data
            return data
        self.over.set()
        return b""

    async def some(self) -> bytes:
        data = await self._reader.read(65536)
        if self._answers_canary(data):
            return await self.some() or self._ends_with_its_canary()
        self.seen += data
        if not data:
            self.over.set()
        return data

    def _answers_canary(self, data: bytes) -> bool:
        if not data.startswith(CANARY):
            return False
        self.canaries.append(data)
        self.send(canary_answer(data))
        return True

    def _ends_with_its_canary(self) -> bytes:
        raise ConnectionAbortedError("nobody is left to play the script to")

    async def rest(self) -> bytes:
        """Return everything until the front closes or resets."""
        with contextlib.suppress(ConnectionError):
            while await self.some():
                pass
        self.over.set()
        return bytes(self.seen)

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def end(self) -> None:
        """The end of the stream is on its way at once, without a turn of the loop."""
        self._writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """The connection breaks with a reset."""
        plain = self._writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Script = Callable[[Peer], Awaitable[object]]


async def polite(peer: Peer) -> None:
    """Answer every request with `ok`."""
    while await peer.request():
        peer.send(OK)


def saying(answer: bytes, *, close: bool = False) -> Script:
    """Answer every request with these bytes, then close if asked to."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            peer.send(answer)
            if close:
                peer.close()
                return

    return script


def saying_once(answer: bytes) -> Script:
    """Answer the first request with these bytes; others hear nothing, however long they wait."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(answer)
        await peer.rest()

    return script


class Application:
    """The oracle: what it did not see was not forwarded."""

    def __init__(self) -> None:
        self.script: Script = polite
        self.peers: list[Peer] = []
        self.faults: list[Exception] = []
        """What scripts raised: an assertion in one of them is one of the test."""
        self.port = 0
        self._accepted: list[Peer] = []
        self._server: asyncio.Server | None = None

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        """It listens, after a stop where it did before."""
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, limit=2**20, ssl=tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.peers.append(peer)
        self._accepted.append(peer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await self.script(peer)
        except Exception as error:  # noqa: BLE001 - told when the stage is taken down
            self.faults.append(error)
        writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._server is not None

    @property
    def canaries(self) -> list[bytes]:
        return [head for peer in self._accepted for head in peer.canaries]

    @property
    def seen(self) -> bytes:
        return b"".join(bytes(peer.seen) for peer in self.peers)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for peer in self._accepted:
            peer.close()
        await asyncio.sleep(0)
