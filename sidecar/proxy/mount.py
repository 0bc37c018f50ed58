"""Our own pages, an ordinary aiohttp application, served on connections of the front."""

import asyncio
import warnings
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web
from aiohttp.http import StreamWriter

from sidecar.proxy.client import Client, Request

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Pages:
    """Hands requests to an application's router without a socket between them."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None)
        app.on_response_prepare.append(_unsigned)

    async def start(self) -> None:
        """The application has started and takes requests."""
        await self._runner.setup()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def serve(self, request: Request, client: Client, notes: dict[str, object]) -> bool:
        """The page is written; return whether the connection can take another request.

        The handler runs to its end even if the client goes away: it may be counting a guess.
        """
        server, task = self._runner.server, asyncio.current_task()
        if server is None or task is None:
            raise RuntimeError("pages were not started")
        writer = StreamWriter(client, task.get_loop())
        page = server.request_factory(
            request.message, request.payload, _as_handler(client), writer, task
        )
        _note(page, notes)
        try:
            response = await _respond(server.request_handler, page)
            keep = client.keeps(request)
            if not keep:
                response.force_close()
            client.status = response.status
            await response.prepare(page)
            await response.write_eof()
        finally:
            client.begun = writer.output_size > 0
        return keep and bool(response.keep_alive)


async def _respond(handler: Handler, page: web.BaseRequest) -> web.StreamResponse:
    try:
        return await handler(page)
    except web.HTTPException as response:
        return response


def _as_handler(client: Client) -> web.RequestHandler:
    """A request asks its protocol for addresses and limits only; the front has them too."""
    return cast("web.RequestHandler", client)


def _note(page: web.BaseRequest, notes: dict[str, object]) -> None:
    with warnings.catch_warnings():
        # aiohttp would like typed keys; ours are the contract between pipeline and pages.
        warnings.simplefilter("ignore", web.NotAppKeyWarning)
        for key, value in notes.items():
            page[key] = value


async def _unsigned(_request: web.Request, response: web.StreamResponse) -> None:
    """No page names the software that made it."""
    response.headers.popall("Server", None)
