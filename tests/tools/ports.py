"""Ports of this machine for processes that a test starts."""

import asyncio
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL_S = 0.05
LOWEST, ROOM = 10_000, 10_000


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on now.

    Where it can be, they are those that the kernel gives to nobody who asks for any port: no
    connection that somebody opens has one before it is listened on.
    """
    given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: set[int] = set()
    while len(found) < count:
        port = LOWEST + secrets.randbelow(max(given - LOWEST, ROOM))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.add(port)
    return list(found)


@contextmanager
def refusing() -> Iterator[int]:
    """Lend a port on which whoever connects is refused: it is taken, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port


def wait_for(port: int, seconds: float) -> None:
    """Somebody listens on the port.

    Raises:
        TimeoutError: nobody did within so many seconds.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(POLL_S)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port} after {seconds} s")


async def listened_on(port: int, seconds: float) -> None:
    """As `wait_for`, where a loop runs."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(POLL_S)
            else:
                writer.close()
                return
