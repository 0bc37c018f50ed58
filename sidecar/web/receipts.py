"""Where providers of transports call back; no page, and for nobody who is signed in."""

from typing import Final

from aiohttp import web

from sidecar.core.errors import BodyTooLarge
from sidecar.core.messages import Callback
from sidecar.flows.visit import coarse
from sidecar.web.desk import Desk
from sidecar.web.guard import caller_of

MAX_CALL_BYTES: Final = 64 * 1024
PLACE: Final = "receipts/"


class ReceiptCalls:
    """Hands each call to the transport that it is for, which checks whose it is."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        path = self._desk.renderer.url(PLACE) + "{transport}"
        return [web.post(path, self.hear), web.get(path, self.hear, allow_head=False)]

    async def hear(self, request: web.Request) -> web.Response:
        """Answer 200 to a provider whose word was taken, so that it does not call again."""
        caller = caller_of(request)
        call = Callback(
            request.method,
            f"{caller.origin}{request.raw_path}",
            tuple(request.raw_headers),
            await _body(request),
        )
        network = coarse(caller.address)
        await self._desk.flows.receipts.hear(request.match_info["transport"], call, network)
        return web.Response()


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > MAX_CALL_BYTES:
            message = "no receipt is that long"
            raise BodyTooLarge(message)
    return bytes(body)
