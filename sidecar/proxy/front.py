"""One client connection: what is read from it, in what order it is answered, when it ends."""

import asyncio

import structlog
from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage

from sidecar.core.endings import Ending
from sidecar.core.errors import SidecarError
from sidecar.logs import place
from sidecar.metrics.words import NO_RULE, Decided
from sidecar.proxy import framing
from sidecar.proxy.arrival import Inbound, Recent
from sidecar.proxy.client import Client, Request, Shared
from sidecar.proxy.exchange import Exchange
from sidecar.proxy.faults import BodyTimedOut, ClientGone
from sidecar.proxy.framing import Refusal
from sidecar.proxy.inlet import Inlet, Message
from sidecar.proxy.mount import Pages
from sidecar.proxy.parsers import READ_BUFFER, request_parser
from sidecar.proxy.pool import Pool
from sidecar.proxy.tunnel import Tunnel
from sidecar.proxy.verdicts import Forward, Page, Reply

log = structlog.get_logger()


class Front(Client):
    """Reads requests and answers them one by one, a task for each; it knows no policy."""

    __slots__ = (
        "_exchange",
        "_held",
        "_inlet",
        "_pages",
        "_peer_verified",
        "_pool",
        "_recent",
        "_served",
        "_stalled_at",
        "_task",
        "address",
        "peername",
        "sockname",
        "ssl_context",
    )
    max_field_size = 8190
    """aiohttp's requests ask for it: fields of the parts of a multipart body."""
    max_headers = 32

    def __init__(self, shared: Shared, pool: Pool, pages: Pages) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(shared, loop)
        self._parser = parser = request_parser(self, loop, shared.limits)
        self._inlet = Inlet(parser, shared.limits, loop)
        self._pool = pool
        self._pages = pages
        self._task: asyncio.Task[None] | None = None
        self._exchange: Exchange | None = None
        self._held = False
        self._served = False
        self._stalled_at = 0.0
        self.peername: object = None
        self.sockname: object = None
        self.ssl_context: object = None
        self.address = ""
        """The peer's; empty for a unix socket."""
        self._peer_verified = False
        self._recent = Recent()

    # --- the connection ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.peername = transport.get_extra_info("peername")
        self.sockname = transport.get_extra_info("sockname")
        self.ssl_context = transport.get_extra_info("sslcontext")
        self.address = str(self.peername[0]) if isinstance(self.peername, tuple) else ""
        self._peer_verified = bool(transport.get_extra_info("peercert"))
        if not self.shared.admit(self, self.address):
            self._inlet.reject(framing.CROWDED)
            self._next()

    def connection_lost(self, exc: BaseException | None) -> None:  # noqa: ARG002 - lost is lost
        """Nothing of the request goes on but what may be changing state."""
        self.shared.dismiss(self, self.address)
        if self.tunnel is not None:
            self.tunnel.lost(self)
        elif self._task is not None and self.interruptible:
            self._task.cancel()
        super().connection_lost(None)
        self._inlet.queue.clear()
        self._inlet.spoil(ClientGone())

    def data_received(self, data: bytes) -> None:
        """Bytes are where they belong; `data` is empty when reading is resumed."""
        if data:
            self.last = self._loop.time()
            self.awaits_continue = False
        if self.tunnel is not None:
            self.tunnel.carry(self, data)
        elif self._upgraded:
            self._keep_tail(data)
        else:
            tail = self._inlet.feed(data, self.last)
            if tail is not None:
                self._upgraded = True
                self._keep_tail(tail)
            if self._inlet.full and not self._held:
                self._held = True
                self.hold()
            self._next()

    def pause_writing(self) -> None:
        self._stalled_at = self._loop.time()
        super().pause_writing()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's
        if self._reading_paused:
            self.last = self._loop.time()
            super().resume_reading(resume_parser)

    def keeps(self, request: Request) -> bool:
        over = self._inlet.deaf or self._inlet.final
        return super().keeps(request) and (not over or bool(self._inlet.queue))

    def settle(self) -> None:
        """The listener is draining: a tunnel, or a connection between two requests, ends now."""
        if self.tunnel is not None:
            self.tunnel.close(Ending.GOING_AWAY)
        elif not self._inlet.head_bytes:
            self._next()

    def _keep_tail(self, data: bytes) -> None:
        """What follows a handshake waits for the application's answer."""
        self.tail += data
        if len(self.tail) > READ_BUFFER:
            self.hold()

    # --- answering -----------------------------------------------------------------------------

    def _next(self) -> None:
        """The next request in order is being answered, if there is one and nothing else is."""
        if self._task is not None or self.ends_at or self.transport is None:
            return
        queue = self._inlet.queue
        if self._held and not queue:
            self._held = False
            self.release()
            self.data_received(b"")  # the parser held back what came behind a full queue
        elif queue:
            self._start(queue.popleft())
        elif self.shared.draining:
            self.retire()

    def _start(self, item: Refusal | Message) -> None:
        if isinstance(item, Refusal):
            self.shared.metrics.refused_unread(item.status)
            self.refuse(item)
            return
        self._served = True
        self.flush()  # our pages write past us
        self.begun, self.status = False, 0
        self._task = self._loop.create_task(self._serve(self._request(*item)))
        self.shared.tasks.add(self._task)

    def _request(self, message: RawRequestMessage, payload: StreamReader) -> Request:
        inbound = Inbound(
            method=message.method,
            target=message.path,
            version=message.version,
            headers=message.raw_headers,
            peer=self.address,
            secure=self.ssl_context is not None,
            upgrade=framing.is_websocket(message, payload),
            has_body=framing.has_body(payload),
            peer_verified=self._peer_verified,
            recent=self._recent,
        )
        return Request(inbound, message, payload, self._loop.time())

    async def _serve(self, request: Request) -> None:
        self.awaits_continue = not request.complete and framing.expects_continue(request.message)
        keep, answers = False, None
        try:
            verdict = await self.shared.judge.judge(request.inbound)
            answers = verdict.answers
            if isinstance(verdict, Forward):
                self._exchange = Exchange(self, request, verdict, self._pool)
                self.interruptible = True
                keep = await self._exchange.run()
            else:
                keep = await self._answer(request, verdict)
        except (asyncio.CancelledError, ClientGone):
            pass  # only connection_lost and the end of draining cancel
        except SidecarError as error:
            keep = self.fail(request, error)
        except Exception as error:  # noqa: BLE001 - the last line: nothing passes, and it is told
            if self.connected or not isinstance(error, ConnectionError):
                # No traceback: its messages may quote the request.
                log.error("request.failed", error=type(error).__name__, at=place(error))  # noqa: TRY400
            answers = answers or self.shared.metrics.answers(NO_RULE, Decided.FAILED)
            self.fail(request, SidecarError(), close=True)
        finally:
            if answers is not None:
                answers.count(self.status)
            self._done(keep=keep)

    async def _answer(self, request: Request, verdict: Reply | Page) -> bool:
        if isinstance(verdict, Reply):
            return self.reply(request, verdict)
        self.continued()
        return await self._pages.serve(request, self, verdict.notes)

    def _done(self, *, keep: bool) -> None:
        if self._task is not None:
            self.shared.tasks.discard(self._task)
        self._task = self._exchange = None
        self.interruptible = False
        self.last = self._loop.time()
        self._inlet.answered()
        if not keep:
            self._inlet.deaf = True
            self._inlet.queue.clear()
            self.linger()
            return
        if self._upgraded:
            self._decline_upgrade()
        self._next()

    def _decline_upgrade(self) -> None:
        """What was kept for a tunnel that did not come about are requests like any other."""
        tail, self.tail = self.tail, b""
        self._upgraded = False
        self._inlet.decline_upgrade()
        self.release()
        self.data_received(tail)

    # --- time ----------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Whoever is late is dealt with; the sweeper calls this a few times a second."""
        limits = self.shared.limits
        if self.transport is None:
            return
        if self.ends_at:
            self._tick_ending(now)
        elif self.transport.is_closing():
            self.ends_at = now + limits.linger_s
        elif self._paused and now - self._stalled_at > limits.write_idle_s:
            self.break_off()
        elif self.tunnel is not None:
            self._tick_tunnel(self.tunnel, now)
        elif self._task is None:
            self._tick_waiting(now)
        else:
            self._tick_busy(now)

    def _tick_ending(self, now: float) -> None:
        if self.transport is None or now < self.ends_at:
            return
        patience = self.shared.limits.write_idle_s
        if not self.transport.get_write_buffer_size() or now > self.ends_at + patience:
            self.transport.abort()

    def _tick_tunnel(self, tunnel: Tunnel, now: float) -> None:
        if self.shared.draining:
            tunnel.close(Ending.GOING_AWAY)  # it opened after `settle`
        elif tunnel.carried:
            tunnel.carried = False
            self.last = now
            if tunnel.spoken and self._exchange is not None:
                tunnel.spoken = False
                self.shared.see_to(self._exchange.active())
        elif now - self.last > self.shared.limits.tunnel_idle_s:
            tunnel.close(Ending.IDLE)

    def _tick_waiting(self, now: float) -> None:
        limits, inlet = self.shared.limits, self._inlet
        if inlet.head_bytes:
            if now - inlet.head_since > limits.head_s:
                inlet.reject(framing.TIMED_OUT)
                self._next()
        elif now - self.last > (limits.keep_alive_s if self._served else limits.head_s):
            self.retire()

    def _tick_busy(self, now: float) -> None:
        if self._exchange is not None:
            self._exchange.tick(now)
        waiting = self._reading_paused or self._buffer_paused or self.awaits_continue
        late = now - self.last > self.shared.limits.body_idle_s
        if late and not waiting and not self._inlet.deaf and not self._inlet.arriving.is_eof():
            self._inlet.spoil(BodyTimedOut("body stalled"))
