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
    UpstreamBusy,
    UpstreamTimedOut,
    UpstreamUnreachable,
)
from sidecar.metrics.words import Failure
from sidecar.proxy import heads
from sidecar.proxy.client import Client, Request
from sidecar.proxy.connection import Answer, UpstreamConnection
from sidecar.proxy.faults import ClientGone, UnsafeHead
from sidecar.proxy.framing import HTTP_10, check_coding, has_body
from sidecar.proxy.headers import CODED, COOKIES, LENGTH, block
from sidecar.proxy.pool import Pool
from sidecar.proxy.tunnel import Tunnel
from sidecar.proxy.upload import bounded, settled, upload, whole
from sidecar.proxy.verdicts import Forward, Wait

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
        "_counted",
        "_deadline",
        "_forward",
        "_over_at",
        "_pool",
        "_request",
        "_sent_at",
        "_sent_to",
        "_streaming",
        "_upload",
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
        self._counted = client.shared.metrics.upstream(forward.upstream)
        self._sent_at = 0.0
        self._streaming = False
        self._deadline = math.inf
        """Loop time at which the application is late with its head, or with the next bytes."""
        self._over_at = 0.0
        """Loop time at which it is over, whatever still comes; 0: not looked at yet."""

    async def run(self) -> bool:
        """The client has its answer; return whether the connection can take another request.

        Raises:
            ClientGone: nobody is left to answer.
            SidecarError: the request is refused, or no connection was to be had.

        """
        unwatch = self._forward.watch(self._client.cease)
        try:
            return await self._pass_on(*await self._ask())
        except UnsafeHead as error:
            self._counted.failed(Failure.BROKEN)
            raise UpstreamUnreachable("unsafe head") from error
        except (UpstreamUnreachable, UpstreamTimedOut) as error:
            self._counted.failed(self._how(error))
            raise
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

    def tick(self, now: float) -> None:
        """Whoever keeps the client waiting for too long is given up; called by the sweeper."""
        connection = self._connection
        if connection is None:
            return
        limits = connection.upstream
        if self._streaming and (connection.carried or connection.held):
            connection.carried = False
            self._deadline = now + (limits.answer_idle_s or math.inf)
        if not self._over_at:
            self._over_at = now + (limits.total_timeout_s or math.inf)
        if now > self._deadline or now > self._over_at:
            self._deadline = math.inf
            connection.fail(UpstreamTimedOut(self._forward.upstream))

    def _how(self, error: SidecarError) -> Failure:
        """Return in which way the application failed."""
        if isinstance(error, UpstreamBusy):
            return Failure.CROWDED
        if isinstance(error, UpstreamTimedOut):
            return Failure.TIMED_OUT
        begun = self._connection is not None and self._connection.heard
        return Failure.BROKEN if begun else Failure.UNREACHABLE

    def active(self) -> Wait:
        """Return what is to be done because a tunnel's client has said something."""
        return self._forward.active()

    # --- the request ---------------------------------------------------------------------------

    async def _ask(self) -> Answer:
        """Return the final head of the answer and its body, which may still be arriving."""
        if not self._client.connected:
            raise ClientGone
        bounded(self._request, self._forward.max_body)
        name = self._forward.upstream
        connection = self._connection = self._pool.idle(name) or await self._pool.take(name)
        if self._request.complete and (wait := self._forward.before_end()) is not None:
            await wait
        self._send(connection)
        try:
            return await self._head(connection)
        except UpstreamUnreachable:
            if not self._repeatable(connection):
                raise
        again = self._connection = await self._pool.take(name, fresh=True)
        await settled(self._forward)
        self._send(again)
        return await self._head(again)

    async def _head(self, connection: UpstreamConnection) -> Answer:
        try:
            return await connection.answer
        except (UpstreamUnreachable, UpstreamTimedOut):
            self._pool.blame(connection)
            raise

    def _request_head(self) -> bytes:
        inbound, forward = self._request.inbound, self._forward
        framing = heads.request_framing(
            self._request.message, self._request.payload, upgrade=inbound.upgrade
        )
        try:
            return heads.request_head(inbound.method, forward.target, forward.fields, framing)
        except UnsafeHead as error:
            raise MalformedRequest("unsafe head") from error

    def _send(self, connection: UpstreamConnection) -> None:
        """The head is written, with the body behind it: at once, or as it goes on arriving."""
        request, head = self._request, self._request_head()
        if not self._client.connected:
            raise ClientGone
        if (broken := request.payload.exception()) is not None:
            raise broken
        bounded(request, self._forward.max_body)  # more has come while a connection was made
        self._sent_to = connection
        only_head = request.inbound.method == "HEAD"
        connection.begin(head_only=only_head, on_interim=self._pass_interim_on)
        self._postpone(connection)
        self._sent_at = self._deadline - connection.upstream.head_timeout_s
        if not connection.connected:  # it ended while something was found out
            connection.fail(UpstreamUnreachable("connection lost"))
        if request.complete:
            self._client.shared.post.take(connection, head + whole(request))
        else:
            connection.write(head)
            sending = upload(request, self._forward, connection, self._postpone)
            self._upload = asyncio.get_running_loop().create_task(sending)

    def _postpone(self, connection: UpstreamConnection) -> None:
        """The application's time starts anew: it has just taken a part of the request."""
        self._deadline = self._client.now + connection.upstream.head_timeout_s

    def _repeatable(self, connection: UpstreamConnection) -> bool:
        """Tell whether it met an end that was on its way."""
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
        self._deadline = math.inf
        arrived = self._client.now
        self._counted.observe(arrived - self._sent_at)
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
        client, sized, whole_sent = self._client, bool(signs & LENGTH), self._sent_whole()
        framing, chunked, keep = client.framing(self._request, code, sized=sized, whole=whole_sent)
        head = heads.answer_head(message, fields, framing)
        client.status = code
        client.shared.metrics.added.observe(
            self._sent_at - self._request.since + client.now - arrived
        )
        if not client.open_answer(head, payload, chunked=chunked):
            self._streaming = True
            await client.relay(payload, chunked=chunked)
        return keep

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

    async def _open_tunnel(self, message: RawResponseMessage, fields: bytes) -> bool:
        connection = self._connection
        if connection is None or not (self._request.inbound.upgrade and message.upgrade):
            raise UpstreamUnreachable("switched protocols unasked")
        head = heads.answer_head(message, fields, heads.UPGRADE)
        self._client.begun, self._client.status = True, message.code
        self._client.write(head)
        metrics = self._client.shared.metrics
        metrics.tunnel_opened()
        try:
            await Tunnel(self._client, connection).run()
        finally:
            metrics.tunnel_ended()
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
