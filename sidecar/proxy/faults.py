"""What can go wrong with a request while it is on its way, seen from the front."""

from sidecar.core.errors import MalformedRequest


class BodyBroken(MalformedRequest):
    """The request body breaks the rules of its framing."""


class BodyTimedOut(MalformedRequest):
    """The client stopped sending in the middle of a body.

    Never a `TimeoutError`: aiohttp turns those of a page handler into a 504.
    """

    status = 408


class ClientGone(ConnectionResetError):
    """The client closed the connection; there is nobody left to answer."""


class UnsafeHead(ValueError):
    """A head would carry a control byte, by which it could be split into two messages."""
