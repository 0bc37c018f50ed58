"""The line does to connections what real lines do, and nothing by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from tests.faults.line import Held, Hole, Line, Slow, Tearing, Way, line
from tests.tools.ports import free_ports

SAID = b"a statement that is long enough to be torn somewhere in its middle"
A_MOMENT_S = 0.1
"""In which an echo on this machine would have come many times over."""
DICE = Random(1)  # noqa: S311 - repeatable
End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Echo:
    """Answers every piece with itself, and remembers what it heard."""

    heard: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    talks: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talks += 1
        self.ended.clear()
        try:
            while data := await reader.read(1000):
                self.heard.append(data)
                writer.write(data)
                await writer.drain()
        except ConnectionResetError:
            self.heard.append(b"reset")
        finally:
            writer.close()
            self.talks -= 1
            if not self.talks:
                self.ended.set()


@dataclass
class Wire:
    """A line, with an echo at its far end and those who speak at its near one."""

    line: Line
    echo: Echo
    ends: list[End] = field(default_factory=list)

    async def connect(self) -> End:
        end = await asyncio.open_connection("127.0.0.1", self.line.port)
        self.ends.append(end)
        return end


@asynccontextmanager
async def echoing() -> AsyncIterator[Wire]:
    """A whole line to an echo."""
    echo, (near, far) = Echo(), free_ports(2)
    server = await asyncio.start_server(echo, "127.0.0.1", far)
    async with line(far, near) as made:
        wire = Wire(made, echo)
        yield wire
        for _, writer in wire.ends:
            writer.transport.abort()
    await echo.ended.wait()
    server.close()


async def say(end: End, data: bytes = SAID) -> bytes:
    """Return what comes back of this, in a moment; whatever ends the connection is raised."""
    end[1].write(data)
    async with asyncio.timeout(A_MOMENT_S * 20):
        return await end[0].readexactly(len(data))


async def is_silent(end: End, data: bytes = SAID) -> bool:
    """Return whether this is taken, and nothing comes of it."""
    end[1].write(data)
    try:
        async with asyncio.timeout(A_MOMENT_S):
            await end[0].read(1)
    except TimeoutError:
        return True
    return False


async def test_a_whole_line_carries_everything_and_the_end_too() -> None:
    """What is said through it shows as said without it, to the end of each side."""
    async with echoing() as to:
        end = await to.connect()
        assert await say(end) == SAID
        end[1].write_eof()
        assert await end[0].read() == b""
        assert b"".join(to.echo.heard) == SAID


async def test_a_cut_line_resets_and_refuses() -> None:
    """A cut shows a reset to those connected and a refusal to others, until it is mended."""
    async with echoing() as to:
        end = await to.connect()
        await say(end)
        await to.line.cut()
        with pytest.raises(ConnectionResetError):
            await end[0].readexactly(1)
        await to.echo.ended.wait()
        assert to.echo.heard == [SAID, b"reset"]
        with pytest.raises(ConnectionRefusedError):
            await to.connect()
        await to.line.mend()
        assert await say(await to.connect()) == SAID
        assert to.line.connections == 1


async def test_a_slow_line_takes_its_time_each_way() -> None:
    """There and back show at least twice what one way takes."""
    async with echoing() as to:
        end, began = await to.connect(), asyncio.get_running_loop().time()
        to.line.become(Slow(A_MOMENT_S))
        assert await say(end) == SAID
        assert asyncio.get_running_loop().time() - began >= 2 * A_MOMENT_S


async def test_a_hole_swallows_and_gives_nothing_back() -> None:
    """Old connections and new show silence; afterwards only those that lost something do."""
    async with echoing() as to:
        old, idle = await to.connect(), await to.connect()
        await say(idle)
        to.line.become(Hole())
        new = await to.connect()
        assert await is_silent(old)
        assert await is_silent(new)
        await to.line.mend()
        assert await is_silent(old)
        assert await is_silent(new)
        assert await say(idle) == await say(await to.connect()) == SAID
        assert to.echo.heard == [SAID] * 3


async def test_what_is_held_arrives_later() -> None:
    """What was said while the line was away shows up once it is back."""
    async with echoing() as to:
        end = await to.connect()
        to.line.become(Held())
        assert await is_silent(end)
        assert to.echo.heard == []
        await to.line.mend()
        assert await end[0].readexactly(len(SAID)) == SAID


async def test_forgotten_connections_are_dead_and_new_ones_live() -> None:
    """A half that forgot shows silence on what was open, and answers on what is opened then."""
    async with echoing() as to:
        end = await to.connect()
        await say(end)
        to.line.forget()
        assert await is_silent(end)
        assert await say(await to.connect()) == SAID


@pytest.mark.parametrize("way", Way)
async def test_a_line_tears_in_the_middle(way: Way) -> None:
    """Torn on its way there, a statement shows half heard; on its way back, wholly."""
    async with echoing() as to:
        end = await to.connect()
        await say(end, b"first")
        tearing = Tearing(DICE, 1, (way,))
        to.line.become(tearing)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await say(end)
        await to.echo.ended.wait()
        assert tearing.did == {way: 1}
        whole = SAID in to.echo.heard
        assert whole is (way is Way.BACK)
