"""The connections of the management API: what is no HTTP is told as a problem, and never quoted."""

import secrets
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from sidecar.core.errors import MalformedRequest, SidecarError
from sidecar.web.management.telling import problem

IDLE_S: Final = 75
"""Nobody holds a connection for longer by saying nothing, or half a head (THREATS 69)."""
_UNNAMED: Final = {"Server": "", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Left out, the first would be filled in with the software and its version."""


class Connections(web.AppRunner):
    """Runs the application over such connections."""

    def __init__(self, app: web.Application, types: str) -> None:
        """Prepare to serve; `types` is where problem slugs are explained."""
        super().__init__(app, handle_signals=False)
        self._types = types

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self._types)


class _Server(web.Server):
    def __init__(self, made: web.Server, types: str) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory)
        self._types = types

    def __call__(self) -> RequestHandler:
        return _Connection(self, self._types)


class _Connection(RequestHandler):
    def __init__(self, server: _Server, types: str) -> None:
        super().__init__(
            server,
            loop=server._loop,  # noqa: SLF001 - its own
            keepalive_timeout=IDLE_S,
            access_log=None,  # type: ignore[arg-type]  # as runners do
            auto_decompress=False,  # encoded bodies are refused, never unpacked
        )
        self._types = types

    def log_exception(self, *_said: object, **_more: object) -> None:
        """Nothing is logged: it would quote what cannot be parsed, with a token in it.

        The application tells its own failures, so that nothing else is lost.
        """

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the problem alone; what the parser says of it quotes what it could not read."""
        del exc, message
        if request.writer.output_size > 0:
            failure = "the answer has begun, so that no other can be given"
            raise ConnectionError(failure)
        malformed = status == HTTPStatus.BAD_REQUEST
        error = MalformedRequest("no HTTP as it is read here") if malformed else SidecarError()
        told = problem(error, secrets.token_hex(8), self._types)
        answer = web.Response(
            status=told.status, headers={**told.headers, **_UNNAMED}, body=told.body
        )
        answer.force_close()
        return answer
