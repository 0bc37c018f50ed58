"""One request on its way to an application, and the answer on its way back."""

import asyncio
import math
from contextlib import suppress
from typing import Final

import structlog
from aiohttp import StreamReader
from aiohttp.http import RawResponseMessage

from sidecar.core.errors import (
    MalformedRequest,
    SidecarError,
    UpstreamTimedOut,
    UpstreamUnreachable,
)
from sidecar.core.protocols import RawHeaders
from sidecar.proxy import heads
from sidecar.proxy.client import Client, Request
from sidecar.proxy.connection import Answer, UpstreamConnection
from sidecar.proxy.faults import ClientGone, UnsafeHead
from sidecar.proxy.framing import HTTP_10, HTTP_11, has_body
from sidecar.proxy.pool import Pool
from sidecar.proxy.tunnel import Tunnel
from sidecar.proxy.verdicts import Forward

CONTINUE: Final = 100
SWITCHING_PROTOCOLS: Final = 101
IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))
"""Methods that may be sent again when a connection died before it answered (RFC 9110 §9.2.2)."""

log = structlog.get_logger()


class Exchange:
    """Asks, passes the answer on and gives the connection back; the one place for 502 and 504."""

    __slots__ = (
        "_answered",
        "_client",
        "_connection",
        "_forward",
        "_pool",
        "_request",
        "_sent_to",
        "_upload",
        "deadline",
    )

    def __init__(self, client: Client, request: Request, forward: Forward, pool: Pool) -> None:
        self._client = client
        self._request = request
        self._forward = forward
        self._pool = pool
        self._connection: UpstreamConnection | None = None
        self._upload: asyncio.Task[None] | None = None
        self._sent_to: UpstreamConnection | None = None
        self._answered = False
        self.deadline = math.inf
        """Loop time at which the application is late with its head."""

    async def run(self) -> bool:
        """The client has its answer; return whether the connection can take another request.

        Raises:
            ClientGone: nobody is left to answer.

        """
        watch = self._forward.watch
        unwatch = watch(self._client.cease) if watch is not None else None
        try:
            return await self._pass_on(*await self._ask())
        except UnsafeHead:
            return self._client.fail(self._request, UpstreamUnreachable("unsafe head"))
        except (UpstreamUnreachable, UpstreamTimedOut, MalformedRequest) as error:
            return self._client.fail(self._request, error)
        finally:
            if unwatch is not None:
                unwatch()
            await self._finish()

    def overdue(self) -> None:
        """The application has not answered by the deadline."""
        self.deadline = math.inf
        if self._connection is not None:
            self._connection.fail(UpstreamTimedOut(self._forward.upstream))

    # --- the request ---------------------------------------------------------------------------

    async def _ask(self) -> Answer:
        if not self._client.connected:
            raise ClientGone
        head = self._request_head()
        name = self._forward.upstream
        self._connection = await self._pool.take(name)
        if self._request.complete:
            await self._look_again()
        connection = self._send(head, self._connection)
        try:
            return await connection.answer()
        except UpstreamUnreachable:
            if not self._repeatable(connection):
                raise
        self._pool.give(connection, whole=False)
        return await self._send(head, await self._pool.take(name, fresh=True)).answer()

    def _request_head(self) -> bytes:
        inbound, forward = self._request.inbound, self._forward
        framing = heads.request_framing(
            self._request.message, self._request.payload, upgrade=inbound.upgrade
        )
        try:
            return heads.request_head(inbound.method, forward.target, forward.headers, framing)
        except UnsafeHead as error:
            raise MalformedRequest("unsafe head") from error

    def _send(self, head: bytes, connection: UpstreamConnection) -> UpstreamConnection:
        """The head is written, with the body behind it: at once, or as it goes on arriving."""
        self._connection = connection
        request = self._request
        if not self._client.connected:
            raise ClientGone
        if (broken := request.payload.exception()) is not None:
            raise broken
        self._sent_to = connection
        only_head = request.inbound.method == "HEAD"
        connection.begin(head_only=only_head, on_interim=self._pass_interim_on)
        self._postpone(connection)
        if request.complete:
            connection.write(head + self._whole_body())
        else:
            connection.write(head)
            self._upload = asyncio.get_running_loop().create_task(self._send_body(connection))
        return connection

    def _whole_body(self) -> bytes:
        body = self._request.payload.read_nowait()
        if self._request.message.chunked:
            return (heads.chunk(body) if body else b"") + heads.LAST_CHUNK
        return body

    async def _send_body(self, connection: UpstreamConnection) -> None:
        """The body was sent on as it came; where it breaks, the application sees it broken."""
        chunked = self._request.message.chunked
        try:
            while connection.connected and (data := await self._request.payload.readany()):
                if self._request.complete:
                    await self._look_again()
                connection.write(heads.chunk(data) if chunked else data)
                self._postpone(connection)
                await connection.drained()
            await self._look_again()
        except (SidecarError, ClientGone) as error:
            connection.fail(error)
        else:
            if chunked:
                connection.write(heads.LAST_CHUNK)

    async def _look_again(self) -> None:
        if self._forward.before_end is not None:
            await self._forward.before_end()

    def _postpone(self, connection: UpstreamConnection) -> None:
        """The application's time starts anew: it has just taken a part of the request."""
        now = asyncio.get_running_loop().time()
        self.deadline = now + connection.upstream.head_timeout_s

    def _repeatable(self, connection: UpstreamConnection) -> bool:
        return (
            connection.reused
            and not connection.heard
            and not has_body(self._request.payload)
            and self._request.inbound.method in IDEMPOTENT
        )

    # --- the answer ----------------------------------------------------------------------------

    def _pass_interim_on(self, message: RawResponseMessage) -> None:
        if self._request.inbound.version == HTTP_10:
            return
        if message.code == CONTINUE:
            self._client.continued()
        try:
            self._client.write(heads.info_head(message))
        except UnsafeHead:
            if self._connection is not None:
                self._connection.fail(UpstreamUnreachable("unsafe head"))

    async def _pass_on(self, message: RawResponseMessage, payload: StreamReader) -> bool:
        self.deadline = math.inf
        _check_coding(message)
        headers = await self._filtered(message)
        if message.code == SWITCHING_PROTOCOLS:
            return await self._open_tunnel(message, headers)
        request = self._request
        no_body = request.inbound.method == "HEAD" or message.code in heads.BODILESS
        open_end = not no_body and "Content-Length" not in message.headers
        chunked = open_end and request.inbound.version == HTTP_11
        keep = self._sent_whole() and self._client.keeps(request) and (chunked or not open_end)
        framing = self._client.connection_field(request, keep=keep)
        if chunked:
            framing = (*framing, heads.CHUNKED)
        head = heads.answer_head(message, headers, framing)
        await self._stream(head, payload, chunked=chunked)
        return keep

    async def _filtered(self, message: RawResponseMessage) -> RawHeaders:
        """Return the headers to send on; the pipeline may change state, so it is not interrupted.

        Raises:
            ClientGone: the client went away meanwhile.

        """
        self._answered = True
        headers = heads.end_to_end(message.raw_headers)
        if self._forward.on_head is not None:
            self._client.interruptible = False
            headers = await self._forward.on_head(message.code, headers)
            self._client.interruptible = True
        if not self._client.connected:
            raise ClientGone
        return headers

    async def _stream(self, head: bytes, payload: StreamReader, *, chunked: bool) -> None:
        """Everything is written as it comes; head and body go together when both are there."""
        client = self._client
        data = payload.read_nowait()
        first = head + (heads.chunk(data) if chunked and data else data)
        end = heads.LAST_CHUNK if chunked else b""
        client.begun = True
        if payload.at_eof():
            client.write(first + end)
            return
        client.write(first)
        while data := await payload.readany():
            client.write(heads.chunk(data) if chunked else data)
            await client.drained()
            if not client.connected:
                raise ClientGone
        client.write(end)

    async def _open_tunnel(self, message: RawResponseMessage, headers: RawHeaders) -> bool:
        connection = self._connection
        if connection is None or not (self._request.inbound.upgrade and message.upgrade):
            raise UpstreamUnreachable("switched protocols unasked")
        head = heads.answer_head(message, headers, heads.UPGRADE)
        self._client.begun = True
        self._client.write(head)
        await Tunnel(self._client, connection).run()
        return False

    def _sent_whole(self) -> bool:
        return self._upload is None or self._upload.done()

    async def _finish(self) -> None:
        """The connection is given back, nothing runs on, and the pipeline knows of the end."""
        whole = self._sent_whole()
        if self._connection is not None:
            self._pool.give(self._connection, whole=whole)
        if self._upload is not None:
            self._upload.cancel()
            with suppress(asyncio.CancelledError):
                await self._upload
        try:
            await self._lose()
        finally:
            if self._forward.on_end is not None:
                self._forward.on_end()

    async def _lose(self) -> None:
        """An application that goes on without anybody who hears its answer is reckoned with.

        Whoever hangs up would otherwise choose the moment at which a sign-in counts as over.
        """
        lost, asked = self._forward.on_lost, self._sent_to
        if lost is None or asked is None or self._answered:
            return
        self._client.interruptible = False
        over = await lost()
        asyncio.get_running_loop().call_later(asked.upstream.head_timeout_s, over)


def _check_coding(message: RawResponseMessage) -> None:
    """Nothing but plain chunks was taken off the body (RFC 9112 §6.1).

    Raises:
        UpstreamUnreachable: another coding would be lost, and the body with it.

    """
    codings = message.headers.getall("Transfer-Encoding", ())
    if codings and (
        message.version == HTTP_10 or [coding.lower() for coding in codings] != ["chunked"]
    ):
        raise UpstreamUnreachable("unknown transfer coding")
