"""What an idle WebSocket costs: memory of the program in between, for each of thousands."""

import resource
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack

from tests.bench.browser import head
from tests.bench.places import Conditions, Place, named, standing
from tests.bench.processes import running
from tests.bench.sink import sink

SOCKETS = 5000
FIRST = 100
"""Opened and closed before, so that what is made once is not counted."""
FILES = 2 * SOCKETS + 1000
"""Whoever stands in between has two connections for each."""
SILENT_S = 10.0
SETTLED_S = 1.0
FIELDS = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Origin": "https://app.test",
    "Sec-Fetch-Dest": "websocket",
    "Sec-Fetch-Mode": "websocket",
}
FRAME = b"\x81\x85\x00\x00\x00\x00still"
"""A text frame of a client, masked with zeroes (RFC 6455 §5.2)."""


def allow_files() -> int:
    """Let this process and those it starts open as many files as they may; return how many."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def measure(given: Conditions) -> dict[str, float]:
    """Return the memory that each takes for one more idle WebSocket.

    Raises:
        SystemExit: this user may not open enough files.

    """
    if allow_files() < FILES:
        raise SystemExit(f"{SOCKETS} WebSockets need {FILES} open files (ulimit -Hn)")
    found: dict[str, float] = {}
    for name in given.kinds:
        taker = sink(given.folder)
        with running(taker), standing(given, taker.port, name) as [place]:
            found[named(name, "websocket.kib_each")] = _kib_each(place)
    return found


def _kib_each(place: Place) -> float:
    with ExitStack() as stack:
        for _ in range(FIRST):
            stack.enter_context(_tunnel(place.port, place.cookies))
    time.sleep(SETTLED_S)
    before = place.process.rss_mib()
    with ExitStack() as stack:
        opened = [stack.enter_context(_tunnel(place.port, place.cookies)) for _ in range(SOCKETS)]
        time.sleep(SETTLED_S)
        grown = place.process.rss_mib() - before
        for tunnel in opened[:: SOCKETS // FIRST]:
            tunnel.sendall(FRAME)
            if tunnel.recv(len(FRAME)) != FRAME:
                raise SystemExit(f"{place.name}: an idle WebSocket was lost")
    return grown * 1024 / SOCKETS


def _tunnel(port: int, cookies: Mapping[str, str]) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), SILENT_S)
    connection.sendall(head(cookies, "/socket", fields=FIELDS).encode())
    answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 101") or not answer.endswith(b"\r\n\r\n"):
        raise SystemExit(f"a WebSocket was answered {answer[:300]!r}")
    return connection
