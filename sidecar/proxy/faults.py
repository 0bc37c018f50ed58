"""What can go wrong with a request while it is on its way, seen from the front."""

import asyncio

from aiohttp import StreamReader

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


def spoil(payload: StreamReader, error: Exception, loop: asyncio.AbstractEventLoop) -> None:
    """Whoever reads the body, or is just about to, gets the error instead of its rest.

    A reader that was woken in this very turn, by the end of a chunk, does not look for errors
    before it waits again: it is told once more, when it does.
    """
    payload.set_exception(error)
    loop.call_soon(payload.set_exception, error)
