"""A line between the sidecar and what it rests on, which breaks in every way that lines do."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Protocol, cast

CHUNK_BYTES = 65_536


class Way(Enum):
    """Which way bytes go."""

    THERE = "there"
    """From the sidecar."""
    BACK = "back"


class Torn(Exception):
    """The line ends here, and both of its ends are told so by a reset."""


class Condition(Protocol):
    """What the line does with what it is to carry."""

    async def carry(self, way: Way, data: bytes) -> tuple[bytes, bool]:
        """Return what arrives of it, at last, and whether the line is torn after that."""
        ...


class Whole:
    """Everything arrives."""

    async def carry(self, way: Way, data: bytes) -> tuple[bytes, bool]:
        del way
        return data, False


@dataclass(frozen=True)
class Slow:
    """Every piece takes a while, each way."""

    seconds: float

    async def carry(self, way: Way, data: bytes) -> tuple[bytes, bool]:
        del way
        await asyncio.sleep(self.seconds)
        return data, False


class Hole:
    """Everything is taken and nothing arrives, ever."""

    async def carry(self, way: Way, data: bytes) -> tuple[bytes, bool]:
        del way, data
        return b"", False


@dataclass
class Held:
    """Everything is taken and arrives once the line is good again, as packets sent once more do."""

    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry(self, way: Way, data: bytes) -> tuple[bytes, bool]:
        del way
        await self.over.wait()
        return data, False


@dataclass
class Tearing:
    """Now and then it tears in the middle: of what is asked, or of what is answered.

    Whoever asked cannot know what became of it: what is torn on its way there was never done,
    what is torn on its way back was.
    """

    dice: Random
    chance: float
    ways: Collection[Way] = tuple(Way)
    did: Counter[Way] = field(default_factory=Counter)

    async def carry(self, way: Way, data: bytes) -> tuple[bytes, bool]:
        if way not in self.ways or self.dice.random() >= self.chance:
            return data, False
        self.did[way] += 1
        return data[: self.dice.randrange(len(data))], True


WHOLE = Whole()


@dataclass(eq=False)
class _Link:
    """One connection through the line, from end to end."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None
    dead: bool = False
    """Nobody was told, but nothing arrives over it any more."""

    def reset(self) -> None:
        for writer in (self.near, self.far):
            if writer is not None:
                _reset(writer)


class Line:
    """Whoever connects to `port` is connected with `beyond`, as the line's condition allows."""

    def __init__(self, port: int, beyond: int) -> None:
        self.port = port
        self._beyond = beyond
        self._condition: Condition = WHOLE
        self._links: set[_Link] = set()
        self._idle = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._links)

    async def open(self) -> None:
        """Somebody listens."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Every connection was reset, and new ones are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()

    def reset(self) -> None:
        """Every connection was reset; new ones are welcome."""
        for link in self._links:
            link.reset()

    def forget(self) -> None:
        """Every connection is dead and nobody was told of it; new ones are as good as the line."""
        for link in self._links:
            link.dead = True

    def become(self, condition: Condition) -> None:
        """Whatever is to be carried from now on, over old connections and new, fares so."""
        if isinstance(self._condition, Held):
            self._condition.over.set()
        self._condition = condition

    async def mend(self) -> None:
        """The line is whole again; a connection that lost something meanwhile stays dead."""
        self.become(WHOLE)
        await self.open()

    async def close(self) -> None:
        """Nothing is left of it."""
        self.become(WHOLE)
        await self.cut()
        if self._links:
            await self._idle.wait()

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        link = _Link(near)
        self._links.add(link)
        self._idle.clear()
        try:
            await self._connect(link, reader)
        except* (OSError, Torn):
            pass
        finally:
            link.reset()
            self._links.discard(link)
            if not self._links:
                self._idle.set()

    async def _connect(self, link: _Link, reader: asyncio.StreamReader) -> None:
        back, link.far = await asyncio.open_connection("127.0.0.1", self._beyond)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pump(link, Way.THERE, reader, link.far))
            tasks.create_task(self._pump(link, Way.BACK, back, link.near))

    async def _pump(
        self, link: _Link, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            arrives, torn = await self._condition.carry(way, data)
            link.dead = link.dead or (len(arrives) < len(data) and not torn)
            if link.dead:
                continue
            writer.write(arrives)
            await writer.drain()
            if torn:
                raise Torn
        if not link.dead and writer.can_write_eof():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    plain = cast("socket.socket | None", writer.get_extra_info("socket"))
    if plain is not None and not writer.transport.is_closing():
        with suppress(OSError):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def line(beyond: int, port: int) -> AsyncIterator[Line]:
    """Run a whole line to a port of this machine, for the length of the block."""
    made = Line(port, beyond)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
