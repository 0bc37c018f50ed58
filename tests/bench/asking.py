"""A client that posts, over connections that are kept, and remembers how long each answer took."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

CONNECTIONS: Final = 8
RATE_HZ: Final = 50
"""How often one is sent while waits are measured: a fraction of what can be taken."""
ANSWER_S: Final = 10.0
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

Ask = Callable[[], bytes]
"""Makes a request at the moment at which it is sent: a code is good for a short time."""


@dataclass(slots=True)
class Answers:
    """What came of some requests."""

    status: int
    """What every answer must have."""
    waits_s: list[float] = field(default_factory=list)
    said: dict[int, bytes] = field(default_factory=dict)
    """Bodies, by the number of the request."""
    took_s: float = 0.0

    def take(self, number: int, head: bytes, body: bytes, wait_s: float) -> None:
        """Keep one answer.

        Raises:
            SystemExit: it is another than it must be, so that no figure would mean anything.

        """
        if int(head[9:12]) != self.status:
            raise SystemExit(f"answered {head[:200]!r} {body[:300]!r}")
        self.waits_s.append(wait_s)
        self.said[number] = body

    @property
    def bodies(self) -> list[bytes]:
        """The bodies in the order of the requests."""
        return [self.said[number] for number in range(len(self.said))]


Send = Callable[[int, Sequence[Ask], int], Awaitable[Answers]]


async def press(port: int, asks: Sequence[Ask], status: int) -> Answers:
    """Send them as fast as a few connections take them; bodies are in the order of the asks."""
    found, left = Answers(status), deque(enumerate(asks))

    async def visit() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left:
            number, ask = left.popleft()
            await _exchange(reader, writer, ask, found, number=number)
        writer.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as visits:
        for _ in range(CONNECTIONS):
            visits.create_task(visit())
    found.took_s = time.perf_counter() - began
    return found


async def pace(port: int, asks: Sequence[Ask], status: int) -> Answers:
    """Send them at fixed moments; each wait counts from its own, whatever came before."""
    found, idle = (
        Answers(status),
        asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]](),
    )
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    began = time.perf_counter()

    async def visit(number: int, ask: Ask) -> None:
        due = began + number / RATE_HZ
        await asyncio.sleep(due - time.perf_counter())
        reader, writer = await idle.get()
        await _exchange(reader, writer, ask, found, number=number, since=due)
        idle.put_nowait((reader, writer))

    async with asyncio.TaskGroup() as visits:
        for number, ask in enumerate(asks):
            visits.create_task(visit(number, ask))
    while not idle.empty():
        idle.get_nowait()[1].close()
    return found


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    ask: Ask,
    found: Answers,
    *,
    number: int,
    since: float | None = None,
) -> None:
    began = time.perf_counter() if since is None else since
    writer.write(ask())
    async with asyncio.timeout(ANSWER_S):
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
    found.take(number, head, body, time.perf_counter() - began)
