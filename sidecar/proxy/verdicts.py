"""What the front asks of the pipeline, and the three things the pipeline may answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from sidecar.core.protocols import RawHeaders
from sidecar.proxy.arrival import Inbound


@dataclass(frozen=True, slots=True)
class Reply:
    """The sidecar answers itself, whole; the front adds Content-Length, Date and Connection."""

    status: int
    headers: RawHeaders = ()
    body: bytes = b""
    close: bool = False


Wait = Awaitable[None] | None
"""What must be waited for first; nothing, where there is nothing to be asked or written."""


@dataclass(slots=True)
class Forward:
    """The request goes on; the front adds nothing but framing and Connection.

    Made for every request, and so not frozen: that would take three times as long.
    """

    upstream: str
    target: bytes
    fields: bytes = field(repr=False)
    """The lines of the head, complete and ordered: hop-by-hop, nominated ones and ours are gone."""
    private: bool = False
    """No shared cache may keep the answer."""
    relayed: RawHeaders = field(default=(), repr=False)
    """Fields that the answer gets in addition."""
    before_end: Callable[[], Wait] | None = None
    """Asked before the last bytes of the request are written; what is raised ends the exchange,
    and the application never has the whole request."""
    on_head: Callable[[int, bool], Wait] | None = None
    """Told the status of the final answer, and whether it sets cookies, before the client sees
    it."""
    on_end: Callable[[], None] | None = None
    """Called once, however the exchange ended."""
    watch: Callable[[Callable[[], None]], Callable[[], None]] | None = None
    """Given what breaks the exchange off, for when its session ends; returns what stops the
    watching."""
    on_lost: Callable[[], Awaitable[Callable[[], None]]] | None = None
    """Awaited where the application was asked and its answer was not waited for: it may be at work
    still, until what this returns is called."""


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
