"""The answering half of a client's connection: what is written on it, and how it ends."""

import asyncio
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import structlog
from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage

from sidecar.core.errors import SidecarError
from sidecar.proxy import heads
from sidecar.proxy.arrival import Inbound
from sidecar.proxy.faults import UnsafeHead
from sidecar.proxy.framing import HTTP_10, Refusal
from sidecar.proxy.limits import Limits
from sidecar.proxy.tunnel import Side
from sidecar.proxy.verdicts import Judge, Reply

RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends a reset, which nobody can take for a regular end."""

log = structlog.get_logger()


@dataclass(slots=True)
class Request:
    """What the judge sees of a request, and what only the wire knows."""

    inbound: Inbound
    message: RawRequestMessage
    payload: StreamReader

    @property
    def complete(self) -> bool:
        """Its last byte has arrived."""
        return self.payload.is_eof()


@dataclass(slots=True)
class Shared:
    """What the connections of one listener have in common."""

    judge: Judge
    limits: Limits
    date: bytes = b""
    """The value of `Date`, kept by the sweeper."""
    draining: bool = False
    clients: set["Connection"] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
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


class Connection(Protocol):
    """What the sweeper, and the end of the listener, do with a client's connection."""

    def tick(self, now: float) -> None: ...
    def settle(self) -> None: ...
    def break_off(self) -> None: ...


class Client(Side):
    """Writes answers, one after the other, each once; broken ones look broken."""

    __slots__ = ("awaits_continue", "begun", "ends_at", "interruptible", "last", "shared")

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.shared = shared
        self.begun = False
        """A byte of the final answer is written: nothing else can be said any more."""
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
        bodiless = request.inbound.method == "HEAD" or reply.status in heads.BODILESS
        self.begun = True
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
        self.begun = True
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

    def linger(self) -> None:
        """Nothing more is written; what still comes is read and forgotten for a moment.

        Closing with unread input would send a reset, and that destroys the answer at the client.
        """
        if self.transport is None or self.ends_at:
            return
        self.ends_at = self._loop.time() + self.shared.limits.linger_s
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def retire(self) -> None:
        """The connection ends once what was written has gone out."""
        if self.transport is not None and not self.ends_at:
            self.ends_at = self._loop.time() + self.shared.limits.linger_s
            self.transport.close()
