"""The answering half of a client's connection: what is written on it, and how it ends."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import structlog
from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage

from sidecar.core.endings import Ending
from sidecar.core.errors import SidecarError
from sidecar.metrics.worker import Metrics
from sidecar.proxy import heads
from sidecar.proxy.arrival import Inbound
from sidecar.proxy.faults import ClientGone, UnsafeHead
from sidecar.proxy.framing import HTTP_10, HTTP_11, Refusal
from sidecar.proxy.limits import Limits
from sidecar.proxy.post import Post
from sidecar.proxy.tunnel import Side
from sidecar.proxy.verdicts import Judge, Reply, Wait

RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends a reset, which nobody can take for a regular end."""

log = structlog.get_logger()


@dataclass(slots=True)
class Request:
    """What the judge sees of a request, and what only the wire knows."""

    inbound: Inbound
    message: RawRequestMessage
    payload: StreamReader
    since: float
    """Loop time at which it began to be answered."""

    @property
    def complete(self) -> bool:
        """Its last byte has arrived."""
        return self.payload.is_eof()


@dataclass(slots=True)
class Shared:
    """What the connections of one listener have in common."""

    judge: Judge
    limits: Limits
    metrics: Metrics
    date: bytes = b""
    """The value of `Date`, kept by the sweeper."""
    draining: bool = False
    clients: set["Connection"] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    post: Post = field(default_factory=Post)
    addresses: Counter[str] = field(default_factory=Counter)

    def admit(self, client: "Connection", address: str) -> bool:
        """The client is one of ours; return whether there is room for it."""
        self.clients.add(client)
        self.addresses[address] += 1
        most, per_address = self.limits.connections, self.limits.connections_per_address
        if most and len(self.clients) > most:
            return False
        return not (address and per_address and self.addresses[address] > per_address)

    def dismiss(self, client: "Connection", address: str) -> None:
        self.clients.discard(client)
        self.addresses[address] -= 1
        if self.addresses[address] <= 0:
            del self.addresses[address]

    def see_to(self, wait: Wait) -> None:
        """It is done in its own time, and drained like a request."""
        if wait is not None:
            task = asyncio.get_running_loop().create_task(_done(wait))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)


async def _done(wait: Awaitable[None]) -> None:
    await wait


class Connection(Protocol):
    """What the sweeper, and the end of the listener, do with a client's connection."""

    def tick(self, now: float) -> None: ...
    def settle(self) -> None: ...
    def break_off(self) -> None: ...


class Client(Side):
    """Writes answers, one after the other, each once; broken ones look broken."""

    __slots__ = (
        "awaits_continue",
        "begun",
        "ends_at",
        "interruptible",
        "last",
        "shared",
        "status",
    )

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.shared = shared
        self.begun = False
        """A byte of the final answer is written: nothing else can be said any more."""
        self.status = 0
        """That of the final answer; 0: there is none."""
        self.interruptible = False
        """The request's task holds no state change: it may be cancelled when the client goes."""
        self.awaits_continue = False
        """The client holds its body back until somebody says 100."""
        self.last = loop.time()
        """When the last byte came, or when we began to wait for one."""
        self.ends_at = 0.0
        """Loop time at which a connection that is being closed is cut; 0: it is not closed."""

    def keeps(self, request: Request) -> bool:
        """Whether another request can follow; asked when the head of the answer is built."""
        return (
            request.complete
            and not request.message.should_close
            and not self.shared.draining
            and not self.ends_at
        )

    def connection_field(self, request: Request, *, keep: bool) -> bytes:
        if not keep:
            return heads.CLOSE
        return heads.KEEP_ALIVE if request.inbound.version == HTTP_10 else b""

    def framing(
        self, request: Request, status: int, *, sized: bool, whole: bool
    ) -> tuple[bytes, bool, bool]:
        """Return the fields that say where an answer ends, by chunks or not, and if it goes on.

        `sized`: it has a Content-Length; `whole`: the application has the whole request.
        """
        open_end = not (sized or heads.bodiless(request.inbound.method, status))
        chunked = open_end and request.inbound.version == HTTP_11
        keep = whole and self.keeps(request) and (chunked or not open_end)
        fields = self.connection_field(request, keep=keep)
        return fields + heads.CHUNKED if chunked else fields, chunked, keep

    def open_answer(self, head: bytes, payload: StreamReader, *, chunked: bool) -> bool:
        """The head is written, and with it what there is of the body; return whether that is all.

        They go together, since each write costs more than all the rest of a small answer.
        """
        data = payload.read_nowait()
        first = head + (heads.chunk(data) if chunked and data else data)
        over = payload.at_eof()
        self.begun = True
        if over:
            self.shared.post.take(self, first + heads.LAST_CHUNK if chunked else first)
        else:
            self.write(first)
        return over

    async def relay(self, payload: StreamReader, *, chunked: bool) -> None:
        """The rest of the body is written as it comes.

        Raises:
            ClientGone: nobody is left to read it.

        """
        while data := await payload.readany():
            self.write(heads.chunk(data) if chunked else data)
            await self.drained()
            if not self.connected:
                raise ClientGone
        if chunked:
            self.write(heads.LAST_CHUNK)

    def reply(self, request: Request, reply: Reply) -> bool:
        """An answer of our own is written; return whether the connection can go on."""
        keep = not reply.close and self.keeps(request)
        connection = self.connection_field(request, keep=keep)
        try:
            head = heads.reply_head(reply, date=self.shared.date, connection=connection)
        except UnsafeHead:
            log.error("reply.unsafe", status=reply.status)  # noqa: TRY400 - the value is hostile
            self.refuse(Refusal(500))
            return False
        bodiless = heads.bodiless(request.inbound.method, reply.status)
        self.begun, self.status = True, reply.status
        self.write(head if bodiless else head + reply.body)
        return keep

    def fail(self, request: Request, error: SidecarError, *, close: bool = False) -> bool:
        """The client learns of a failure: in an answer, or else by a broken end of what it has."""
        if self.begun:
            self.break_off()
            return False
        try:
            reply = self.shared.judge.failed(request.inbound, error)
        except Exception:  # noqa: BLE001 - telling of a failure must not fail
            log.error("failure.unspoken", slug=error.slug)  # noqa: TRY400 - no traceback of pages
            self.refuse(Refusal(error.status))
            return False
        return self.reply(request, replace(reply, close=close or reply.close))

    def refuse(self, refusal: Refusal) -> None:
        """A request that was not understood is answered, and with it the connection ends."""
        self.begun, self.status = True, refusal.status
        self.write(heads.refusal(refusal, date=self.shared.date))
        self.linger()

    def continued(self) -> None:
        """The client was told to send its body: from now on it must not stall."""
        self.awaits_continue = False
        self.last = self._loop.time()

    def break_off(self) -> None:
        """The connection is reset, so that half an answer cannot be taken for a whole one."""
        if self.transport is None:
            return
        self.ends_at = self._loop.time()
        plain = self.transport.get_extra_info("socket")
        if plain is not None and plain.family != socket.AF_UNIX:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()

    def cease(self, ending: Ending) -> None:
        """What runs here is over: a WebSocket is told why, anything else looks broken off.

        An answer that has begun is not cut by the age of its proof, only what has yet to begin.
        """
        if self.tunnel is not None:
            self.tunnel.close(ending)
        elif not (self.begun and ending is Ending.PROOF_TOO_OLD):
            self.break_off()

    def linger(self) -> None:
        """Nothing more is written; what still comes is read and forgotten for a moment.

        Closing with unread input would send a reset, and that destroys the answer at the client.
        """
        if self.transport is None or self.ends_at:
            return
        self.flush()
        self.ends_at = self._loop.time() + self.shared.limits.linger_s
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def retire(self) -> None:
        """The connection ends once what was written has gone out."""
        if self.transport is not None and not self.ends_at:
            self.flush()
            self.ends_at = self._loop.time() + self.shared.limits.linger_s
            self.transport.close()
