"""A WebSocket after its handshake: bytes go across as they come, and a Close of ours."""

import asyncio
import secrets
from typing import Final

from aiohttp.base_protocol import BaseProtocol

from sidecar.core.endings import Ending
from sidecar.proxy.frames import Frames, close_frame
from sidecar.proxy.post import Post

REST_S: Final = 1
"""How long the frame under way may still take when a tunnel is ended in the middle of it."""
ANSWER_S: Final = 2
"""How long a side that was told of the end may take to answer (RFC 6455 §7.1.7 leaves it open)."""


class Side(BaseProtocol):
    """A connection that may become one side of a tunnel."""

    __slots__ = ("posted", "tail", "tunnel")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.posted = b""
        """What goes out at the end of this turn of the loop."""
        self.tail = b""
        """What came behind a handshake before the tunnel was there."""
        self.tunnel: Tunnel | None = None

    @property
    def now(self) -> float:
        """Loop time."""
        return self._loop.time()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's
        """Reading goes on if it was paused; every read of a body asks for it, mostly in vain."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def write(self, data: bytes) -> None:
        """The data are on their way, behind whatever was posted before."""
        if self.posted:
            self.flush()
        if self.transport is not None:
            self.transport.write(data)

    def flush(self) -> None:
        data, self.posted = self.posted, b""
        if data and self.transport is not None:
            self.transport.write(data)

    def soon(self, post: Post) -> None:
        self._loop.call_soon(post.deliver)

    async def drained(self) -> None:
        """The peer has taken enough of what was written, or is gone."""
        if self.transport is not None and self._paused:
            await self._drain_helper()

    def hold(self) -> None:
        """No more is read until `release`."""
        self._pause_reading_for_buffer()

    def release(self) -> None:
        self._resume_reading_for_buffer()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.tunnel is not None:
            self.tunnel.across(self).hold()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.tunnel is not None:
            self.tunnel.across(self).release()


class _Way:
    """One direction of a tunnel."""

    __slots__ = ("frames", "source", "target", "told")

    def __init__(self, source: Side, target: Side, *, masked: bool) -> None:
        self.source = source
        self.target = target
        self.frames = Frames(masked=masked)
        self.told = False
        """The target has a Close frame, ours or the source's, and gets nothing more."""

    @property
    def answered(self) -> bool:
        """The source has sent a whole Close frame of its own."""
        return self.frames.closed and self.frames.at_boundary

    def carry(self, data: bytes) -> None:
        self.frames.follow(data)
        self.target.write(data)

    def part(self, data: bytes, farewell: bytes) -> None:
        """The frame under way goes on to its end, then the farewell; what follows is dropped."""
        frames, at = self.frames, 0
        if not (self.told or frames.at_boundary):
            at = frames.finish(data)
            if frames.sure:
                self.target.write(data[:at])
        if frames.at_boundary and not self.told:
            self.told = True
            if not frames.closed:
                self.target.write(farewell)
        frames.follow(data[at:])


class Tunnel:
    """Joins two sides; the one that reads slowly slows the other one down."""

    __slots__ = (
        "_client",
        "_down",
        "_ended",
        "_farewells",
        "_gone",
        "_up",
        "_upstream",
        "carried",
        "spoken",
    )

    def __init__(self, client: Side, upstream: Side) -> None:
        self._client = client
        self._upstream = upstream
        self._up = _Way(client, upstream, masked=True)
        self._down = _Way(upstream, client, masked=False)
        self._farewells: dict[_Way, bytes] = {}
        """What the targets are told; empty while nobody ends the tunnel."""
        self._gone: set[Side] = set()
        self.carried = False
        """Something went across since the last look."""
        self.spoken = False
        """The client said something since the last look."""
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Bytes were carried both ways until one of the sides ended, or both were told to."""
        for side in (self._client, self._upstream):
            side.tunnel = self
            tail, side.tail = side.tail, b""
            self.carry(side, tail)
        for side in (self._client, self._upstream):
            if not self.across(side).writing_paused:
                side.release()
        if not (self._client.connected and self._upstream.connected):
            self.end()
        await self._ended

    def across(self, side: Side) -> Side:
        return self._upstream if side is self._client else self._client

    def carry(self, side: Side, data: bytes) -> None:
        """What came from one side is on its way to the other, unless the tunnel is being closed."""
        if not data:
            return
        way = self._up if side is self._client else self._down
        if self._farewells:
            way.part(data, self._farewells[way])
            self._settle()
        else:
            self.carried = True
            self.spoken = self.spoken or way is self._up
            way.carry(data)

    def close(self, ending: Ending) -> None:
        """No new frame crosses; both sides are told why, and then have a moment to answer.

        Where one side speaks no WebSocket the other cannot be told, and both just close.
        """
        if self._farewells or self._ended.done():
            return
        self._farewells = {
            self._up: close_frame(ending.code, ending.text, mask=secrets.token_bytes(4)),
            self._down: close_frame(ending.code, ending.text),
        }
        loop = asyncio.get_running_loop()
        loop.call_later(REST_S, self._cut_untold)
        loop.call_later(ANSWER_S, self._cut)
        for way, farewell in self._farewells.items():
            way.part(b"", farewell)
        self._settle()

    def lost(self, side: Side) -> None:
        """One side is gone; the other goes too, after its Close frame if it was sent one."""
        self._gone.add(side)
        if self._farewells:
            self._settle()
        else:
            self.end()

    def end(self) -> None:
        """Both sides close after the bytes that are already on their way."""
        for side in (self._client, self._upstream):
            _shut(side)
        if not self._ended.done():
            self._ended.set_result(None)

    def _settle(self) -> None:
        """Whoever was told and has answered, or cannot be told any more, is let go."""
        up, down = self._up, self._down
        if not (up.frames.sure and down.frames.sure) or len(self._gone) > 1:
            self.end()
            return
        for to, back in ((up, down), (down, up)):
            if back.answered if to.told else to.source in self._gone:
                _shut(to.target)

    def _cut_untold(self) -> None:
        """A frame that does not come to its end is given up, and the message with it."""
        if not (self._up.told and self._down.told):
            self._cut()

    def _cut(self) -> None:
        """Nothing more crosses: whoever has not answered will not."""
        for side in (self._client, self._upstream):
            if side.transport is not None:
                side.transport.abort()
        self.end()


def _shut(side: Side) -> None:
    if side.transport is not None:
        side.transport.close()
