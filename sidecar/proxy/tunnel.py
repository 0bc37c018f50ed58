"""A WebSocket after its handshake: bytes go across as they come, frames are never looked at."""

import asyncio

from aiohttp.base_protocol import BaseProtocol


class Side(BaseProtocol):
    """A connection that may become one side of a tunnel."""

    __slots__ = ("tail", "tunnel")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
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
        if self.transport is not None:
            self.transport.write(data)

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


class Tunnel:
    """Joins two sides; the one that reads slowly slows the other one down."""

    __slots__ = ("_client", "_ended", "_upstream", "carried")

    def __init__(self, client: Side, upstream: Side) -> None:
        self._client = client
        self._upstream = upstream
        self.carried = False
        """Something went across since the last look."""
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Bytes were carried both ways until one of the sides ended."""
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
        """What came from one side is on its way to the other."""
        if data:
            self.carried = True
            self.across(side).write(data)

    def end(self) -> None:
        """Both sides close after the bytes that are already on their way."""
        for side in (self._client, self._upstream):
            if side.transport is not None:
                side.transport.close()
        if not self._ended.done():
            self._ended.set_result(None)
