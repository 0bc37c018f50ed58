"""The open connections to every application, each used by one request at a time."""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from sidecar.core.errors import UpstreamTimedOut, UpstreamUnreachable
from sidecar.core.protocols import Asked, RawHeaders
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.headers import block
from sidecar.proxy.heads import end_to_end, request_head
from sidecar.proxy.upstream import Upstream

PORTS: Final = {"http": 80, "https": 443}


@dataclass(slots=True)
class _Lane:
    """One application: how to reach it, what is idle, what is still free."""

    upstream: Upstream
    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None
    free: asyncio.Semaphore | None
    idle: deque[UpstreamConnection] = field(default_factory=deque)
    taken: set[UpstreamConnection] = field(default_factory=set)


class Pool:
    """Gives connections out and takes the clean ones back, most recently used first."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        """Every address and authority file is usable.

        Raises:
            ValueError: a URL is none that a connection can be made to.
            OSError: an authority file cannot be read.

        """
        self._lanes = {name: _lane(upstream) for name, upstream in upstreams.items()}

    def idle(self, name: str) -> UpstreamConnection | None:
        """Return a connection that is open and free, if there is one; `give` it back."""
        lane = self._lanes[name]
        return _idle(lane) if lane.free is None else None

    async def take(self, name: str, *, fresh: bool = False) -> UpstreamConnection:
        """Return a connection that nobody else uses; `give` it back, however the exchange ends.

        Raises:
            UpstreamUnreachable: refused, not resolved, not trusted, or none became free.
            UpstreamTimedOut: it did not take the connection in time.

        """
        lane = self._lanes[name]
        await _await_turn(lane)
        if not fresh and (idle := _idle(lane)) is not None:
            return idle
        try:
            connection = await _connect(lane)
        except BaseException:
            _release(lane)
            raise
        lane.taken.add(connection)
        return connection

    def give(self, connection: UpstreamConnection, *, whole: bool) -> None:
        """The connection is kept if the request was sent `whole` and nothing is left on it."""
        lane = self._lanes[connection.upstream.name]
        if connection not in lane.taken:
            return
        lane.taken.discard(connection)
        _release(lane)
        if whole and connection.clean():
            connection.busy = False
            connection.idle_since = asyncio.get_running_loop().time()
            lane.idle.append(connection)
        else:
            connection.drop()

    def sweep(self, now: float) -> None:
        """Connections that were idle for too long are closed, oldest first."""
        for lane in self._lanes.values():
            while lane.idle and now - lane.idle[0].idle_since > lane.upstream.idle_s:
                lane.idle.popleft().drop()

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
            UpstreamUnreachable: refused, broken, malformed, or longer than the limit.
            UpstreamTimedOut: not whole after `timeout_s` seconds.

        """
        head = request_head("GET", target, block(headers))
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self.take(upstream)
                try:
                    return await self._ask(connection, head, limit_bytes)
                except UpstreamUnreachable:
                    if connection.heard or not connection.reused:
                        raise
                return await self._ask(await self.take(upstream, fresh=True), head, limit_bytes)
        except TimeoutError as error:
            raise UpstreamTimedOut(upstream) from error

    async def _ask(self, connection: UpstreamConnection, head: bytes, limit_bytes: int) -> Asked:
        try:
            connection.begin(head_only=False)
            connection.write(head)
            message, payload = await connection.answer
            body = bytearray()
            while chunk := await payload.readany():
                body += chunk
                if len(body) > limit_bytes:
                    raise UpstreamUnreachable("answer is longer than the limit")
            return Asked(message.code, end_to_end(message.raw_headers), bytes(body))
        finally:
            self.give(connection, whole=True)

    async def close(self) -> None:
        """No connection is open any more, and none is taken."""
        for lane in self._lanes.values():
            for connection in (*lane.idle, *lane.taken):
                connection.drop()
            lane.idle.clear()
        await asyncio.sleep(0)  # the transports call connection_lost on the next turn


def _lane(upstream: Upstream) -> _Lane:
    url = urlsplit(upstream.url)
    free = asyncio.Semaphore(upstream.max_connections) if upstream.max_connections else None
    if url.scheme == "unix" and url.path and not url.netloc:
        return _Lane(upstream, "", 0, url.path, None, free)
    if url.scheme not in PORTS or not url.hostname or url.path not in ("", "/") or url.query:
        raise ValueError(f"upstream {upstream.name}: not an address: {upstream.url}")
    tls = None
    if url.scheme == "https":
        tls = ssl.create_default_context(cafile=upstream.ca_file)
        tls.set_alpn_protocols(["http/1.1"])
    return _Lane(upstream, url.hostname, url.port or PORTS[url.scheme], "", tls, free)


def _idle(lane: _Lane) -> UpstreamConnection | None:
    while lane.idle:
        connection = lane.idle.pop()
        if connection.usable():
            connection.reused = True
            lane.taken.add(connection)
            return connection
        connection.drop()
    return None


async def _await_turn(lane: _Lane) -> None:
    if lane.free is None:
        return
    try:
        async with asyncio.timeout(lane.upstream.connect_timeout_s):
            await lane.free.acquire()
    except TimeoutError as error:
        raise UpstreamUnreachable("every connection is in use") from error


def _release(lane: _Lane) -> None:
    if lane.free is not None:
        lane.free.release()


async def _connect(lane: _Lane) -> UpstreamConnection:
    loop = asyncio.get_running_loop()

    def made() -> UpstreamConnection:
        return UpstreamConnection(lane.upstream, loop)

    try:
        async with asyncio.timeout(lane.upstream.connect_timeout_s):
            if lane.path:
                return (await loop.create_unix_connection(made, lane.path))[1]
            return (await loop.create_connection(made, lane.host, lane.port, ssl=lane.tls))[1]
    except TimeoutError as error:
        raise UpstreamTimedOut(lane.upstream.name) from error
    except OSError as error:
        raise UpstreamUnreachable(lane.upstream.name) from error
