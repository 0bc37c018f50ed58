"""The open connections to every application, each used by one request at a time."""

import asyncio
from collections.abc import Callable, Mapping

from sidecar.core.errors import UpstreamTimedOut, UpstreamUnreachable
from sidecar.core.protocols import Asked, RawHeaders
from sidecar.proxy.address import addresses
from sidecar.proxy.connection import Answer, UpstreamConnection
from sidecar.proxy.headers import block
from sidecar.proxy.heads import end_to_end, request_head
from sidecar.proxy.lane import Lane, PoolState
from sidecar.proxy.upstream import Upstream

__all__ = ["Pool", "PoolState"]


class Pool:
    """Gives connections out and takes the clean ones back, most recently used first."""

    def __init__(
        self, upstreams: Mapping[str, Upstream], *, clock: Callable[[], float] | None = None
    ) -> None:
        """Every address, certificate and authority file is usable; made where a loop runs.

        Raises:
            ValueError: a URL is none that a connection can be made to.
            OSError: a file cannot be used.

        """
        now = clock or asyncio.get_running_loop().time
        self._lanes = {
            name: Lane(upstream, addresses(upstream), now) for name, upstream in upstreams.items()
        }

    def idle(self, name: str) -> UpstreamConnection | None:
        """Return an idle connection at once, if one is fit to be used; `give` it back.

        None says no more than that `take` must be asked: it may have to wait.
        """
        return self._lanes[name].idle()

    async def take(self, name: str, *, fresh: bool = False) -> UpstreamConnection:
        """Return a connection that nobody else uses; `give` it back, however the exchange ends.

        A `fresh` one is new, and goes to another address than the one blamed last, if it can.

        Raises:
            UpstreamBusy: the limits are reached, and nothing became free in time.
            UpstreamUnreachable: refused, not resolved, or not trusted, at every address.
            UpstreamTimedOut: it did not take the connection in time.

        """
        return await self._lanes[name].take(fresh=fresh)

    def give(self, connection: UpstreamConnection, *, whole: bool) -> None:
        """The connection is kept if the request was sent `whole` and nothing is left on it."""
        self._lanes[connection.upstream.name].give(connection, whole=whole)

    def blame(self, connection: UpstreamConnection) -> None:
        """The application broke the connection, or was late, before the head of its answer.

        The connection ends and counts as given back. Whether the address is at fault is decided
        here; what a client did, or a limit of the caller's own, is never to be told.
        """
        self._lanes[connection.upstream.name].blame(connection)

    def state(self) -> Mapping[str, PoolState]:
        """Return what each application's connections do at this moment."""
        return {name: lane.state for name, lane in self._lanes.items()}

    def sweep(self, now: float) -> None:
        """Connections that were idle for too long are closed."""
        for lane in self._lanes.values():
            lane.sweep(now)

    async def ask(
        self,
        upstream: str,
        target: bytes,
        headers: RawHeaders,
        *,
        timeout_s: float,
        limit_bytes: int,
    ) -> Asked:
        """Return the answer to a GET with exactly these headers; redirects are not followed.

        Raises:
            UpstreamBusy: no connection was free in time.
            UpstreamUnreachable: refused, broken, malformed, or longer than the limit.
            UpstreamTimedOut: not whole after `timeout_s` seconds.

        """
        head = request_head("GET", target, block(headers))
        try:
            async with asyncio.timeout(timeout_s) as limit:
                connection = await self.take(upstream)
                try:
                    return await self._ask(connection, head, limit, limit_bytes)
                except UpstreamUnreachable:
                    if connection.heard or not connection.reused:
                        raise
                connection = await self.take(upstream, fresh=True)
                return await self._ask(connection, head, limit, limit_bytes)
        except TimeoutError as error:
            raise UpstreamTimedOut(upstream) from error

    async def _ask(
        self,
        connection: UpstreamConnection,
        head: bytes,
        limit: asyncio.Timeout,
        limit_bytes: int,
    ) -> Asked:
        try:
            connection.begin(head_only=False)
            connection.write(head)
            message, payload = await self._answer(connection, limit)
            body = bytearray()
            while chunk := await payload.readany():
                body += chunk
                if len(body) > limit_bytes:
                    raise UpstreamUnreachable("answer is longer than the limit")
            return Asked(message.code, end_to_end(message.raw_headers), bytes(body))
        finally:
            self.give(connection, whole=True)

    async def _answer(self, connection: UpstreamConnection, limit: asyncio.Timeout) -> Answer:
        try:
            return await connection.answer
        except UpstreamUnreachable:
            self.blame(connection)
            raise
        except asyncio.CancelledError:
            if limit.expired():  # rather than that nobody wants to know any more
                self.blame(connection)
            raise

    async def close(self) -> None:
        """No connection is open any more, and none is taken."""
        for lane in self._lanes.values():
            lane.close()
        await asyncio.sleep(0)  # the transports call connection_lost on the next turn
