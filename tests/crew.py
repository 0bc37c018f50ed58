"""The workers of a sidecar that is a process of its own, and who of them answers."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from tests.conformance.http.visitor import Visitor as Client
from tests.machine import START_S, Machine
from tests.visitor import Visitor


def workers(at: Machine) -> set[int]:
    assert at.process is not None
    pid = at.process.pid
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def sockets(pid: int) -> set[str]:
    """Return the inodes of the sockets that a process has open; none once it has ended."""
    found = set()
    with suppress(FileNotFoundError, PermissionError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since it was listed
                found.add(link.readlink().name.partition("socket:")[2].strip("[]"))
    return found - {""}


def taker(at: Machine, port: int) -> int | None:
    """Return the worker that took the connection of a client at this port."""
    ours, theirs = f":{at.port:04X}", f":{port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    inodes = {row[9] for row in lines if row[1].endswith(ours) and row[2].endswith(theirs)}
    return next((pid for pid in workers(at) if inodes & sockets(pid)), None)


async def ask(at: Machine, cookies: str = "") -> tuple[int | None, int]:
    """Ask on a connection of its own; return which worker answered, and how."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    try:
        client = Client(reader, writer)
        fields = "Host: app.test\r\nSec-Fetch-Site: cross-site"  # or proofs would be dropped
        client.send(f"GET /secret HTTP/1.1\r\n{fields}\r\nCookie: {cookies}\r\n\r\n".encode())
        answer = await client.answer()
        return taker(at, writer.get_extra_info("sockname")[1]), answer.status
    finally:
        writer.transport.abort()


async def everybody_answers(at: Machine, pids: Collection[int], cookies: str = "") -> set[int]:
    """Ask until each of these workers has answered; return what they said."""
    waited, said = set(pids), set()
    async with asyncio.timeout(START_S):
        while waited:
            pid, status = await ask(at, cookies)
            if pid in pids:
                said.add(status)
                waited.discard(pid)
    return said


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(START_S):
        while not holds():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


async def both(at: Machine, without: Collection[int] = ()) -> set[int]:
    """Wait until two workers take connections, none of which is one of these."""
    await until(lambda: len(workers(at) - set(without)) == 2)
    there = workers(at)
    await everybody_answers(at, there)
    return there


def jar(browser: Visitor) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
