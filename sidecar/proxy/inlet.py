"""Bytes become requests, in order; what cannot be one becomes a refusal in its place."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from aiohttp import StreamReader
from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

from sidecar.proxy import framing
from sidecar.proxy.faults import BodyBroken, spoil
from sidecar.proxy.framing import Refusal
from sidecar.proxy.limits import Limits

Message = tuple[RawRequestMessage, StreamReader]

_PLAIN_END: Final = b"\r\n0\r\n\r\n"
"""How chunks end that no trailers follow (RFC 9112 §7.1)."""


class Inlet:
    """The queue of one connection; after a refusal it is deaf."""

    __slots__ = (
        "_aligned",
        "_chunked",
        "_end",
        "_limits",
        "_loop",
        "_owed",
        "_parser",
        "_switching",
        "arriving",
        "deaf",
        "final",
        "head_bytes",
        "head_since",
        "queue",
    )

    def __init__(
        self, parser: HttpRequestParser, limits: Limits, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._loop = loop
        self._parser = parser
        self._limits = limits
        self._owed = 0
        self._switching = False
        """The parser will stop behind the request that came last: a WebSocket handshake."""
        self._aligned = True
        """The next byte is known to be the first of a request."""
        self._chunked = False
        """The request that came last has chunks, and how they end is not known yet."""
        self._end = b""
        """The last bytes of it, until it is."""
        self.queue: deque[Refusal | Message] = deque()
        self.arriving: StreamReader = EMPTY_PAYLOAD
        """The body of the request that came last."""
        self.deaf = False
        """Nothing that still comes can be a request of this connection."""
        self.final = False
        """The request that came last is the last of this connection."""
        self.head_bytes = 0
        """What has come of a head that is not whole yet."""
        self.head_since = 0.0

    @property
    def full(self) -> bool:
        """The parser holds further requests back, until `feed(b"")` after some were answered."""
        return self._owed >= self._limits.pipelined

    def feed(self, data: bytes, now: float) -> bytes | None:
        """The bytes are understood; return those behind a WebSocket handshake, if one came.

        The parser takes the last trailer of a request for a field of the next one, whoever sent
        that. So it gets bytes up to a plain end of chunks, and those behind it apart; a request
        whose chunks ended in any other way is the last of its connection.
        """
        at, data = len(self._end), self._end + data
        while (found := data.find(_PLAIN_END, max(at - len(_PLAIN_END) + 1, 0))) >= 0:
            ends = found + len(_PLAIN_END)
            tail = self._feed(data[at:ends], now)
            if tail is not None:
                return tail + data[ends:]
            at = ends
        return self._feed(data[at:], now)

    def _feed(self, data: bytes, now: float) -> bytes | None:
        if self.deaf:
            return None
        if data and self.arriving.is_eof() and not self._count_head(data, now):
            self.reject(framing.MALFORMED)
            return None
        try:
            messages, upgraded, tail = self._parser.feed_data(data)
        except Exception as error:  # noqa: BLE001 - whatever the parser raises, it is no request
            self._misread(error)
            return None
        if messages:
            self._take(messages)
            self._aligned = not framing.has_body(self.arriving) and data.endswith(b"\r\n\r\n")
        elif self.head_bytes > self._limits.head_bytes:
            self.reject(framing.HEAD_TOO_LARGE)
        if self._chunked:
            self._look_for_trailers(data)
        if self._switching and not upgraded and self.arriving.is_eof():
            # A full queue has stopped the parser between the handshake and the switch.
            _, upgraded, tail = self._parser.feed_data(b"")
        if upgraded:
            self._switching = False
        return tail if upgraded else None

    def reject(self, refusal: Refusal) -> None:
        """The connection ends with a refusal, after the answers that are still owed."""
        self.deaf = True
        self.queue.append(refusal)

    def spoil(self, error: Exception) -> None:
        """Whoever reads the body that is arriving gets this instead of its rest.

        The parser raises to whom feeds it, but tells nobody who waits for the body.
        """
        self.deaf = True
        if not self.arriving.is_eof():
            spoil(self.arriving, error, self._loop)

    def answered(self) -> None:
        """A request is done with; the parser may put another into its place."""
        self._owed -= 1
        self._parser.message_consumed()

    def decline_upgrade(self) -> None:
        """What follows the handshake is HTTP after all."""
        self._parser.set_upgraded(False)

    def _count_head(self, data: bytes, now: float) -> bool:
        """The bytes are counted as a part of a head; return whether it can be a sound one."""
        if not self.head_bytes:
            self.head_since = now
            if self._aligned and framing.loose_line(data):
                return False
        self.head_bytes += len(data)
        return True

    def _take(self, messages: Iterable[Message]) -> None:
        """Sound requests are queued; the first that is not ends the connection in its turn."""
        limit = self._limits.head_bytes
        doubtful = self.head_bytes > limit or not self._aligned
        self.head_bytes = 0
        for message, payload in () if self.final else messages:
            if self._chunked:
                self.final = True  # nobody saw where the last one ended, or how
                return
            self.arriving = payload
            refusal = framing.fault(message)
            if refusal is None and doubtful and framing.head_size(message) > limit:
                refusal = framing.HEAD_TOO_LARGE
            if refusal is not None:
                self.reject(refusal)
                return
            self._owed += 1
            self.queue.append((message, payload))
            self._chunked, self._end = message.chunked, b""
            self._switching = framing.switches(message)
            if message.upgrade and not self._switching:
                self.final = True  # the parser forgets what follows an upgrade it does not know
                return

    def _look_for_trailers(self, data: bytes) -> None:
        """The request is the last one unless its chunks are seen to end without trailers."""
        most = len(_PLAIN_END)
        self._end = (self._end + data[-most:])[-most:]
        if self.arriving.is_eof():
            # Behind a full queue the parser has stopped, and the last bytes may be of others.
            self.final = self.final or self.full or self._end != _PLAIN_END
            self._chunked, self._end = False, b""

    def _misread(self, error: Exception) -> None:
        if self.arriving.is_eof():
            self.reject(framing.parse_fault(error, self._limits))
        else:
            self.spoil(BodyBroken("unreadable body"))
