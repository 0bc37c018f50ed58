"""One connection to an application: one request at a time, and nothing left behind."""

import asyncio
import select
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import StreamReader
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError

from sidecar.core.errors import UpstreamUnreachable
from sidecar.proxy.faults import spoil
from sidecar.proxy.parsers import response_parser
from sidecar.proxy.tunnel import Side
from sidecar.proxy.upstream import Upstream

FLUSH_S: Final = 2
"""How long a tunnel that is closing may take to hand over its last bytes."""
HEAD_END: Final = b"\r\n\r\n"
INTERIM_MOST: Final = 16
"""Interim answers to one request; an endless stream of them would have no back-pressure."""

Answer = tuple[RawResponseMessage, StreamReader]


class UpstreamConnection(Side):
    """One connection to an application, with at most one request on it."""

    __slots__ = (
        "_answers",
        "_final",
        "_head_only",
        "_interims",
        "_on_interim",
        "_poll",
        "_spoiled",
        "answer",
        "busy",
        "carried",
        "heard",
        "idle_since",
        "reused",
        "upstream",
    )

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.upstream = upstream
        self.busy = False
        self.carried = False
        """Something came since the last look."""
        self.heard = False
        """A byte of the answer has come, so the application may have acted."""
        self.reused = False
        self.idle_since = 0.0
        self.answer: asyncio.Future[Answer] = loop.create_future()
        """The final head and its body, which may still be arriving."""
        self._head_only = False
        self._parser = self._answers = response_parser(self, loop, head_only=False)
        self._interims = 0
        self._on_interim: Callable[[RawResponseMessage], None] | None = None
        self._final: Answer | None = None
        self._spoiled = False
        self._poll: select.poll | None = None

    def begin(
        self, *, head_only: bool, on_interim: Callable[[RawResponseMessage], None] | None = None
    ) -> None:
        """The next bytes belong to the answer of a request that is about to be written."""
        if head_only != self._head_only or (self._final is not None and self._final[0].chunked):
            # It would take the last field behind the chunks for one of the next answer.
            self._parser = self._answers = response_parser(self, self._loop, head_only=head_only)
            self._head_only = head_only
        self.answer = self._loop.create_future()
        self._final = None
        self._on_interim = on_interim
        self._interims = 0
        self.heard = False
        self.busy = True

    def fail(self, error: Exception) -> None:
        """Whoever waits for the head or the body of the answer gets this instead.

        The answer may be whole already, and then nobody waits; but the request may not be, and the
        next one would be taken for the rest of it.
        """
        self._spoiled = True
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # nobody may be waiting: that is no error of its own
        elif self._final is not None and not self._final[1].is_eof():
            spoil(self._final[1], error, self._loop)

    def drop(self) -> None:
        """The connection ends; a tunnel that is closing may still hand over its last bytes."""
        if self.transport is None:
            return
        if self.transport.is_closing():
            self._loop.call_later(FLUSH_S, self.transport.abort)
        else:
            self.transport.abort()

    @property
    def held(self) -> bool:
        """Nothing more is read because the client does not take what has come."""
        return self._reading_paused or self._buffer_paused

    def usable(self) -> bool:
        """Whether an idle connection is still fit for a request: open, and nothing has come.

        The kernel is asked too: bytes or an end that arrived a moment ago are an application's
        time-out, or an attempt to answer the next visitor in advance. Under TLS they may be neither
        (a key update), but who could tell before the next request is on its way?
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            return False
        if self._poll is None:  # made once: it costs more than to ask it
            self._poll = select.poll()
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not self._poll.poll(0)

    def clean(self) -> bool:
        """Whether the exchange is over and has left nothing behind that could be an answer."""
        if self._final is None or self._spoiled or self.transport is None or self._paused:
            return False
        if self._upgraded or self.posted:
            return False  # what is written on it next would be bytes of a tunnel, or come too late
        message, payload = self._final
        if message.should_close or not payload.at_eof() or self.transport.is_closing():
            return False
        try:
            # A partial extra message hides inside the parser; only its end gives it away.
            return self._answers.feed_eof() is None
        except HttpProcessingError:
            return False

    def data_received(self, data: bytes) -> None:
        if self.tunnel is not None:
            self.tunnel.carry(self, data)
        elif self._upgraded:
            self.tail += data
        elif self.busy:
            begins = not self.heard
            self.carried = True
            self.heard = self.heard or bool(data)
            try:
                self._feed(data)
            except Exception:  # noqa: BLE001 - whatever the parser raises, it is not an answer
                self._parse_apart(data, data.find(HEAD_END) if begins else -1)
        elif data:
            self.drop()  # an answer nobody asked for would go to the next visitor

    def _parse_apart(self, data: bytes, end: int) -> None:
        """A sound answer is taken even if rubbish came with it (a 204 with a body, for one).

        The parser forgets what it has found when it meets an error in the same bytes, so the head
        is given to a new one alone.
        """
        if end >= 0 and self._final is None:
            self._answers = response_parser(self, self._loop, head_only=self._head_only)
            self._parser = self._answers
            cut = end + len(HEAD_END)
            with suppress(Exception):
                self._feed(data[:cut])
                self._feed(data[cut:])
        if self._final is not None and self._final[1].is_eof():
            self._spoiled = True
            return
        self.fail(UpstreamUnreachable("not an HTTP answer"))
        self.drop()

    def _feed(self, data: bytes) -> None:
        messages, upgraded, tail = self._answers.feed_data(data)
        for message, payload in messages:
            self._take(message, payload)
        if upgraded:
            self._upgraded = True
            self.tail = tail
            self.hold()

    def _take(self, message: RawResponseMessage, payload: StreamReader) -> None:
        if self.answer.done():
            self._spoiled = True
        elif message.code >= 200 or message.code == 101:  # noqa: PLR2004 - RFC 9110 §15.2
            self._final = final = (message, payload)
            self.answer.set_result(final)
        elif message.code < 100 or self._interims >= INTERIM_MOST:  # noqa: PLR2004 - the same
            self.fail(UpstreamUnreachable("no status, or too many interim answers"))
        else:
            self._interims += 1
            if self._on_interim is not None:
                self._on_interim(message)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self.tunnel is not None:
            self.tunnel.lost(self)
        elif self.busy:
            self._end(clean=exc is None and not self._reading_paused)
        super().connection_lost(None)

    def _end(self, *, clean: bool) -> None:
        """An answer that is delimited by the end of the connection is whole; any other is not."""
        if clean and self._final is not None:
            with suppress(HttpProcessingError):
                self._answers.feed_eof()
        self.fail(UpstreamUnreachable("connection lost"))
