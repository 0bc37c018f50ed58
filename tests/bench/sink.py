"""An application that takes any upload and keeps WebSockets open.

Started as `python -m tests.bench.sink PORT`. It must never be the slow part: one buffer for all
connections, and nothing is kept of what arrives.
"""

import asyncio
import base64
import hashlib
import re
import sys
from pathlib import Path
from typing import cast

import uvloop

from tests.bench.processes import Program
from tests.tools.ports import free_ports

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Source: RFC 6455 §1.3."""
BUFFER = memoryview(bytearray(1 << 20))
KEY = re.compile(rb"\r\nsec-websocket-key: *([^\r]+)", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
PAGES = {
    b"/whoami": b'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{"user":{"id":"ada"}}',
    b"/login": b"HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    b"/authorize": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken"
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %s\r\n\r\n"
)


def sink(folder: Path) -> Program:
    """Prepare the application as a program of its own."""
    [port] = free_ports(1)
    command = (sys.executable, "-m", "tests.bench.sink", str(port))
    return Program("sink", command, folder / "sink.log", port, (port, "/"))


class Sink(asyncio.BufferedProtocol):
    """One connection: requests one after the other, or a tunnel that echoes."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        """Bytes of the body that are still to come."""
        self._answer = TAKEN
        self._tunnel = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's idea of a size
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        if self._tunnel:
            self._transport.write(bytes(BUFFER[:nbytes]))
        elif self._left:
            self._taken(nbytes)
        else:
            self._head += bytes(BUFFER[:nbytes])
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if end:
                self._head = b""
                self._begin(head)
                self._taken(len(rest))

    def _begin(self, head: bytes) -> None:
        target = head.split(b" ", 2)[1]
        length, key = LENGTH.search(head), KEY.search(head)
        self._left = int(length[1]) if length else 0
        self._answer = PAGES.get(target, TAKEN)
        if key and target not in PAGES:
            digest = hashlib.sha1(key[1] + MAGIC, usedforsecurity=False).digest()
            self._answer = SWITCHED % base64.b64encode(digest)
            self._tunnel = True

    def _taken(self, count: int) -> None:
        self._left -= count
        if self._left <= 0:
            self._transport.write(self._answer)


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
