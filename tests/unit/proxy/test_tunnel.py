"""Twin of sidecar/proxy/tunnel.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sidecar.core.endings import Ending
from sidecar.proxy import tunnel as module
from sidecar.proxy.tunnel import Side, Tunnel
from tests.conformance.http.frames import (
    BINARY,
    MASK,
    MORE,
    PING,
    TEXT,
    Frame,
    closing,
    frame,
    read_frame,
)


class Wire(asyncio.Transport):
    """Keeps what was written, and whether reading is held."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.held = False
        self.closed = False
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None:
        self.held = True

    def resume_reading(self) -> None:
        self.held = False

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    async def frames(self) -> list[Frame]:
        """Return what was written, which must be whole frames."""
        reader = asyncio.StreamReader(limit=2**20)
        reader.feed_data(self.written)
        reader.feed_eof()
        found = []
        while not reader.at_eof():
            found.append(await read_frame(reader.readexactly))
        return found


def side() -> tuple[Side, Wire]:
    made, wire = Side(asyncio.get_running_loop()), Wire()
    made.transport = wire
    return made, wire


async def test_tunnel() -> None:
    """Shows that bytes cross both ways, early ones first, slowness crosses too, and one end is
    the end of both.
    """
    (client, to_client), (upstream, to_upstream) = side(), side()
    client.tail, upstream.tail = b"early ", b"hello "
    client.hold()
    tunnel = Tunnel(client, upstream)
    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        group.create_task(tunnel.run())
        await asyncio.sleep(0)
        assert not to_client.held
        tunnel.carry(client, b"up")
        tunnel.carry(upstream, b"down")
        upstream.pause_writing()
        assert (to_client.held, to_upstream.held) == (True, False)
        upstream.resume_writing()
        assert not to_client.held
        tunnel.end()
    assert (to_upstream.written, to_client.written) == (b"early up", b"hello down")
    assert to_upstream.closed
    assert to_client.closed


async def test_side_that_is_already_gone() -> None:
    """Shows that a tunnel to nobody ends at once."""
    (client, _), (upstream, wire) = side(), side()
    client.transport = None
    async with asyncio.timeout(1):
        await Tunnel(client, upstream).run()
    assert wire.closed


# -- ended by us -----------------------------------------------------------------------------------


class Ends:
    """A tunnel between two wires."""

    def __init__(self) -> None:
        (self.client, self.to_client), (self.upstream, self.to_upstream) = side(), side()
        self.tunnel = Tunnel(self.client, self.upstream)

    def up(self, data: bytes) -> None:
        self.tunnel.carry(self.client, data)

    def down(self, data: bytes) -> None:
        self.tunnel.carry(self.upstream, data)

    @property
    def closed(self) -> tuple[bool, bool]:
        return self.to_client.closed, self.to_upstream.closed


@asynccontextmanager
async def joined() -> AsyncIterator[Ends]:
    """Run a tunnel; it has come to its end when the block has."""
    ends = Ends()
    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        group.create_task(ends.tunnel.run())
        await asyncio.sleep(0)
        yield ends


UP, DOWN = frame(TEXT, b"up", mask=MASK), frame(TEXT, b"down")
FAREWELL = closing(4401, "session ended")


async def test_both_are_told() -> None:
    """Shows that at a boundary both sides get a Close frame at once, masked for the application,
    nothing else crosses, and each is let go when it has answered.
    """
    async with joined() as ends:
        ends.up(UP)
        ends.down(DOWN)
        ends.tunnel.close(Ending.SESSION_ENDED)
        ends.tunnel.close(Ending.IDLE)
        assert ends.to_client.written == DOWN + FAREWELL
        told = (await ends.to_upstream.frames())[-1]
        assert (told.masked, told.code, told.reason) == (True, 4401, "session ended")
        ends.up(UP + closing(4401, mask=MASK)[:-1])
        ends.down(DOWN)
        assert ends.closed == (False, False)
        ends.up(closing(4401, mask=MASK)[-1:])
        assert ends.closed == (True, False)
        ends.tunnel.lost(ends.client)
        assert ends.closed == (True, False)
        ends.down(closing(4401))
        assert ends.closed == (True, True)
        ends.tunnel.lost(ends.upstream)
    assert ends.to_client.written == DOWN + FAREWELL
    assert len(await ends.to_upstream.frames()) == 2


async def test_masks_are_new() -> None:
    """Shows that no two Close frames have the same mask (RFC 6455 §5.3)."""
    written = set()
    for _ in range(3):
        async with joined() as ends:
            ends.tunnel.close(Ending.IDLE)
            written.add(ends.to_upstream.written)
            ends.tunnel.end()
    assert len(written) == 3


@pytest.mark.parametrize("cut", [1, 3, 9, 30])
async def test_the_frame_under_way_ends_first(cut: int) -> None:
    """A frame cut anywhere: shows that its rest crosses, the Close behind it, and no next frame."""
    body = bytes(range(40))
    for more in (b"", frame(PING) + frame(BINARY, b"next")):
        async with joined() as ends:
            raw = frame(BINARY, body)
            ends.down(raw[:cut])
            ends.tunnel.close(Ending.SESSION_ENDED)
            assert ends.to_client.written == raw[:cut]
            for at in range(cut, len(raw) - 1):
                ends.down(raw[at : at + 1])
            ends.down(raw[-1:] + more)
            ends.down(more)
            assert ends.to_client.written == raw + FAREWELL
            ends.tunnel.end()


async def test_between_fragments() -> None:
    """Shows that a Close frame comes between two fragments, and the second one never."""
    async with joined() as ends:
        first = frame(TEXT, b"begin", final=False)
        ends.down(first)
        ends.tunnel.close(Ending.PROOF_TOO_OLD)
        ends.down(frame(MORE, b"end"))
        assert ends.to_client.written == first + closing(4401, "proof too old")
        ends.tunnel.end()


async def test_who_has_closed_is_not_overruled() -> None:
    """A side that sent its own Close: shows that no second one is sent in its direction."""
    async with joined() as ends:
        ends.down(closing(1000, "done"))
        ends.tunnel.close(Ending.GOING_AWAY)
        assert ends.to_client.written == closing(1000, "done")
        assert (await ends.to_upstream.frames())[0].code == 1001
        assert ends.closed == (False, True)
        ends.up(closing(1000, mask=MASK))
        assert ends.closed == (True, True)
        ends.tunnel.end()


@pytest.mark.parametrize("rubbish", ["client", "application", "later"])
async def test_no_websocket_at_all(rubbish: str) -> None:
    """Bytes that are no frames: show that both sides just close, and nothing more crosses."""
    async with joined() as ends:
        if rubbish == "client":
            ends.up(b"hello")
        elif rubbish == "application":
            ends.down(b"\xff\xff")
        else:
            ends.down(b"\x81")
        sent = ends.to_client.written
        ends.tunnel.close(Ending.SESSION_ENDED)
        ends.down(b"\xff secret")
        assert ends.closed == (True, True)
        assert ends.to_client.written in {sent, sent + FAREWELL}


async def test_who_stalls_in_a_frame_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that never ends: shows that both sides are cut, and its other side was told why."""
    monkeypatch.setattr(module, "REST_S", 0.01)
    async with joined() as ends:
        ends.up(UP[:-1])
        ends.tunnel.close(Ending.SESSION_ENDED)
        assert ends.to_client.written == FAREWELL
    assert (ends.to_client.aborted, ends.to_upstream.aborted) == (True, True)
    assert ends.to_upstream.written == UP[:-1]


async def test_who_does_not_answer_is_cut() -> None:
    """A side that goes on and on: shows that it is told, not heard, and cut in the end."""
    async with joined() as ends:
        ends.tunnel.close(Ending.SESSION_ENDED)
        ends.up(closing(4401, mask=MASK))
        ends.down(DOWN)
        ends.tunnel._cut_untold()
        assert (ends.closed, ends.to_upstream.aborted) == ((True, False), False)
        ends.tunnel._cut()
        assert ends.to_upstream.aborted
    assert ends.to_client.written == FAREWELL


async def test_who_cannot_be_told_is_let_go() -> None:
    """The other side vanishes in the middle of its frame: shows that nobody waits for the rest."""
    async with joined() as ends:
        ends.up(UP[:-1])
        ends.tunnel.close(Ending.SESSION_ENDED)
        ends.tunnel.lost(ends.client)
        assert ends.closed == (False, True)
        ends.tunnel.lost(ends.upstream)


async def test_ended_already() -> None:
    """A tunnel that is over: shows that it is not told so once more."""
    async with joined() as ends:
        ends.tunnel.lost(ends.client)
        ends.tunnel.close(Ending.GOING_AWAY)
    assert ends.closed == (True, True)
    assert ends.to_client.written == b""
