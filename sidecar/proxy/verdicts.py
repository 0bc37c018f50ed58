"""What the front asks of the pipeline, and the three things the pipeline may answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from sidecar.core.errors import SidecarError
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


End = Callable[[], None]


class Forward:
    """The request goes on; the front adds nothing but framing and Connection.

    What the pipeline does while it is under way are its methods; here they do nothing.
    """

    __slots__ = ("fields", "private", "relayed", "target", "upstream")

    def __init__(
        self,
        upstream: str,
        target: bytes,
        fields: bytes,
        *,
        private: bool = False,
        relayed: RawHeaders = (),
    ) -> None:
        self.upstream = upstream
        self.target = target
        self.fields = fields
        """The lines of the head, complete and ordered: hop-by-hop and nominated ones are gone."""
        self.private = private
        """No shared cache may keep the answer."""
        self.relayed = relayed
        """Fields that the answer gets in addition."""

    def before_end(self) -> Wait:
        """Return what the last bytes of the request wait for.

        What is raised ends the exchange, and the application never has the whole request.
        """
        return None

    def on_head(self, status: int, sets_cookies: bool) -> Wait:  # noqa: ARG002, FBT001 - facts
        """Return what the client's sight of the final answer waits for; raising is refusing it."""
        return None

    def on_end(self) -> None:
        """The exchange is over, however it ended; called once."""

    def on_lost(self) -> Awaitable[End] | None:
        """Return what follows where the application was asked and nobody heard its answer.

        It may be at work still, until what this gives is called.
        """
        return None

    def watch(self, end: End) -> End | None:  # noqa: ARG002 - nobody ends this one
        """`end` is called when the exchange must be broken off; return what stops the watching."""
        return None


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

    def failed(self, inbound: Inbound, error: SidecarError) -> Reply:
        """Answer the sidecar's own page or problem for a failure that the front met."""
        ...
