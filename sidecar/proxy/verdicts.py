"""What the front asks of the pipeline, and the three things the pipeline may answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from sidecar.core.endings import Ending
from sidecar.core.protocols import RawHeaders


@dataclass(frozen=True, slots=True)
class Inbound:
    """One request head as it was parsed: exact bytes, nothing interpreted."""

    method: str
    target: str
    """The raw request target; bytes that are not ASCII appear as surrogate escapes."""
    version: tuple[int, int]
    headers: RawHeaders
    peer: str
    """Address of the TCP peer, empty for a unix socket."""
    secure: bool
    """TLS ended at this listener."""
    upgrade: bool
    """A WebSocket handshake: GET, HTTP/1.1, matching Upgrade and Connection tokens."""
    has_body: bool
    peer_verified: bool = False
    """The peer proved itself with a client certificate that the listener's CA signed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The sidecar answers itself, whole; the front adds Content-Length, Date and Connection."""

    status: int
    headers: RawHeaders = ()
    body: bytes = b""
    close: bool = False


@dataclass(frozen=True, slots=True)
class Forward:
    """The request goes on; the front adds nothing but framing and Connection.

    `headers` are complete and ordered: hop-by-hop, our own and nominated ones are already gone.
    `before_end` is awaited before the last bytes of the request are written; what it raises ends
    the exchange, and the application never has the whole request.
    `on_head` sees the final response head (hop-by-hop removed) before the client does and returns
    the headers to send on. `on_lost` is awaited where the application was asked and its answer was
    not waited for: it may be at work still, until what `on_lost` returns is called. `on_end` is
    called once, however the exchange ended. `watch` is given what ends the exchange, for
    when its session or (of a tunnel) its proof does, and returns what stops the watching.
    """

    upstream: str
    target: bytes
    headers: RawHeaders
    on_head: Callable[[int, RawHeaders], Awaitable[RawHeaders]] | None = None
    on_end: Callable[[], None] | None = None
    before_end: Callable[[], Awaitable[None]] | None = None
    watch: Callable[[Callable[[Ending], None]], Callable[[], None]] | None = None
    on_lost: Callable[[], Awaitable[Callable[[], None]]] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The request belongs to our own pages; `notes` are put on the request before the router."""

    notes: dict[str, object] = field(default_factory=dict)


Verdict = Reply | Forward | Page


class Judge(Protocol):
    """The pipeline, seen from the front."""

    async def judge(self, inbound: Inbound) -> Verdict:
        """Answer what happens to this request; never raises for what a client can send."""
        ...

    def failed(self, inbound: Inbound, status: int, reason: str) -> Reply:
        """Answer the sidecar's own page or problem for a failure that the front met.

        `reason` is a problem slug (`upstream-unreachable`, `upstream-timed-out`,
        `malformed-request`, `internal-error`, …).
        """
        ...
