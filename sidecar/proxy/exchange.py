"""One request on its way to an application, and the answer on its way back."""

import asyncio
import math
from collections.abc import Awaitable
from contextlib import suppress
from http import HTTPStatus
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
from sidecar.proxy import heads
from sidecar.proxy.client import Client, Request
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.faults import ClientGone, UnsafeHead
from sidecar.proxy.framing import HTTP_10, HTTP_11, check_coding, has_body
from sidecar.proxy.headers import CODED, COOKIES, LENGTH, block
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
        unwatch = self._forward.watch(self._client.break_off)
        try:
            connection = await self._ask()
            try:
                message, payload = await connection.answer
            except UpstreamUnreachable:
                if not self._repeatable(connection):
                    raise
                message, payload = await (await self._ask_again(connection)).answer
            return await self._pass_on(message, payload)
        except UnsafeHead:
            return self._client.fail(self._request, UpstreamUnreachable("unsafe head"))
        except (UpstreamUnreachable, UpstreamTimedOut, MalformedRequest) as error:
            return self._client.fail(self._request, error)
        finally:
            if unwatch is not None:
                unwatch()
            if self._connection is not None:
                self._pool.give(self._connection, whole=self._sent_whole())
            try:
                if self._upload is not None or not self._answered:
                    await self._clear_up()
            finally:
                self._forward.on_end()

    def overdue(self) -> None:
        """The application has not answered by the deadline."""
        self.deadline = math.inf
        if self._connection is not None:
            self._connection.fail(UpstreamTimedOut(self._forward.upstream))

    # --- the request ---------------------------------------------------------------------------

    async def _ask(self) -> UpstreamConnection:
        """Return the connection by which the application has the request, or its beginning."""
        if not self._client.connected:
            raise ClientGone
        name = self._forward.upstream
        self._connection = self._pool.idle(name) or await self._pool.take(name)
        if self._request.complete and (wait := self._forward.before_end()) is not None:
            await wait
        return self._send(self._connection)

    async def _ask_again(self, broken: UpstreamConnection) -> UpstreamConnection:
        self._pool.give(broken, whole=False)
        self._connection = await self._pool.take(self._forward.upstream, fresh=True)
        return self._send(self._connection)

    def _request_head(self) -> bytes:
        inbound, forward = self._request.inbound, self._forward
        framing = heads.request_framing(
            self._request.message, self._request.payload, upgrade=inbound.upgrade
        )
        try:
            return heads.request_head(inbound.method, forward.target, forward.fields, framing)
        except UnsafeHead as error:
            raise MalformedRequest("unsafe head") from error

    def _send(self, connection: UpstreamConnection) -> UpstreamConnection:
        """The head is written, with the body behind it: at once, or as it goes on arriving."""
        request, head = self._request, self._request_head()
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
                    await self._settle()
                connection.write(heads.chunk(data) if chunked else data)
                self._postpone(connection)
                await connection.drained()
            await self._settle()
        except (SidecarError, ClientGone) as error:
            connection.fail(error)
        else:
            if chunked:
                connection.write(heads.LAST_CHUNK)

    async def _settle(self) -> None:
        """Whatever must be found out before the application has the whole request is."""
        wait = self._forward.before_end()
        if wait is not None:
            await wait

    def _postpone(self, connection: UpstreamConnection) -> None:
        """The application's time starts anew: it has just taken a part of the request."""
        self.deadline = self._client.now + connection.upstream.head_timeout_s

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
        code, forward = message.code, self._forward
        gone = LENGTH if code == HTTPStatus.NO_CONTENT else 0
        fields, signs = heads.answer_fields(message.raw_headers, private=forward.private, gone=gone)
        if signs & CODED:
            check_coding(message)
        self._answered = True
        wait = forward.on_head(code, bool(signs & COOKIES))
        if wait is not None:
            await self._shielded(wait)
        if forward.relayed:
            fields += block(forward.relayed)
        if code == SWITCHING_PROTOCOLS:
            return await self._open_tunnel(message, fields)
        framing, chunked, keep = self._end_of(code, signs)
        await self._write(heads.answer_head(message, fields, framing), payload, chunked=chunked)
        return keep

    def _end_of(self, code: int, signs: int) -> tuple[bytes, bool, bool]:
        """Return the fields that say where the answer ends, by chunks or not, and if it goes on."""
        request, client = self._request, self._client
        no_body = request.inbound.method == "HEAD" or code in heads.BODILESS
        open_end = not no_body and not signs & LENGTH
        chunked = open_end and request.inbound.version == HTTP_11
        keep = self._sent_whole() and client.keeps(request) and (chunked or not open_end)
        framing = client.connection_field(request, keep=keep)
        return framing + heads.CHUNKED if chunked else framing, chunked, keep

    async def _shielded(self, wait: Awaitable[None]) -> None:
        """What the pipeline makes of the head is done; it may change state, so nothing stops it.

        Raises:
            ClientGone: the client went away meanwhile.

        """
        self._client.interruptible = False
        await wait
        self._client.interruptible = True
        if not self._client.connected:
            raise ClientGone

    async def _write(self, head: bytes, payload: StreamReader, *, chunked: bool) -> None:
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

    async def _open_tunnel(self, message: RawResponseMessage, fields: bytes) -> bool:
        connection = self._connection
        if connection is None or not (self._request.inbound.upgrade and message.upgrade):
            raise UpstreamUnreachable("switched protocols unasked")
        head = heads.answer_head(message, fields, heads.UPGRADE)
        self._client.begun = True
        self._client.write(head)
        await Tunnel(self._client, connection).run()
        return False

    def _sent_whole(self) -> bool:
        return self._upload is None or self._upload.done()

    async def _clear_up(self) -> None:
        """Nothing runs on, and the pipeline knows of an answer that nobody heard."""
        if self._upload is not None:
            self._upload.cancel()
            with suppress(asyncio.CancelledError):
                await self._upload
        if not self._answered and self._sent_to is not None:
            await self._lose(self._sent_to)

    async def _lose(self, asked: UpstreamConnection) -> None:
        """An application that goes on without anybody who hears its answer is reckoned with.

        Whoever hangs up would otherwise choose the moment at which a sign-in counts as over.
        """
        lost = self._forward.on_lost()
        if lost is None:
            return
        self._client.interruptible = False
        over = await lost
        asyncio.get_running_loop().call_later(asked.upstream.head_timeout_s, over)
