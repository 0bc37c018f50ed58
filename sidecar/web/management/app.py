"""The management API as one application: endpoints, and what holds around every one of them."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler
from aiohttp.typedefs import Middleware

from sidecar.api.endpoint import Endpoint
from sidecar.core.api_errors import MethodNotAllowed
from sidecar.core.clients import ApiClient
from sidecar.core.errors import MalformedRequest, NotFound, SidecarError
from sidecar.core.replays import KeptAnswer
from sidecar.flows.naming import Naming
from sidecar.flows.replaying import Replaying
from sidecar.web.management.call import REQUEST_ID, Answer, Call, Handler, Handlers
from sidecar.web.management.gate import Gate
from sidecar.web.management.reading import (
    VERSION,
    VERSION_HEADER,
    read,
    read_body,
    read_condition,
    read_key,
    read_query,
    require_readable,
    require_version,
)
from sidecar.web.management.telling import problem

log = structlog.get_logger(__name__)

JSON: Final = "application/json"
_ANY: Final = re.compile(r"\{(\w+)\}")
"""A parameter in a path; a name may have braces, which aiohttp would not take for one."""
REPLAYED: Final = "Idempotency-Replayed"
"""Says `true` on an answer that was given before."""
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    VERSION_HEADER: VERSION,
}


@dataclass(frozen=True, slots=True)
class Management:
    """What the application is made of."""

    gate: Gate
    naming: Naming
    replaying: Replaying
    types: str
    """Where problem slugs are explained, such as `https://…/_sidecar/problems/`."""


def build_management(
    parts: Management,
    endpoints: Iterable[Endpoint],
    handlers: Handlers,
    beside: Iterable[web.RouteDef] = (),
) -> web.Application:
    """Return the application; `beside` are routes that are no endpoints of the API."""
    app = web.Application(middlewares=[_around(parts)], client_max_size=0)
    for endpoint in endpoints:
        work = partial(_serve, parts, endpoint, handlers[endpoint.name])
        app.router.add_route(endpoint.method, _ANY.sub(r"{\1:[^/]+}", endpoint.path), work)
    app.add_routes(beside)
    app.on_response_prepare.append(_unsigned)
    return app


async def _unsigned(_request: web.Request, response: web.StreamResponse) -> None:
    """No answer names the software that made it, nor its version."""
    response.headers.popall("Server", None)


async def _serve(
    parts: Management, endpoint: Endpoint, handler: Handler, request: web.Request
) -> web.Response:
    """Admit, read, answer: in this order, so that a stranger learns nothing about their input."""
    client = await parts.gate.admit(request, endpoint.scope)
    require_version(request)
    require_readable(request)
    key = read_key(request) if endpoint.replayable else ""
    condition = read_condition(request) if endpoint.conditional else ""
    query = read_query(request, endpoint.query)
    raw = await read_body(request, endpoint.max_body_bytes) if endpoint.body else b""

    async def give() -> KeptAnswer:
        try:
            body = read(endpoint, raw)
            call = Call(
                endpoint,
                client,
                request[REQUEST_ID],
                parts.naming,
                request.match_info,
                query,
                body,
                condition,
            )
            return kept(endpoint, await handler(call))
        except SidecarError as error:
            return _told(parts, request, error)

    before = False
    if key:
        said = (request.method, request.path_qs, raw)
        answer, before = await parts.replaying.once(client, key, said, give, lasts=_lasts)
    else:
        answer = await give()
    _note(request, client, endpoint, answer.status)
    return _response(answer, {REPLAYED: "true"} if before else {})


def _note(request: web.Request, client: ApiClient, endpoint: Endpoint, status: int) -> None:
    """Log who called what, and how it went: by this line an id leads to its acts in the trail."""
    if endpoint.scope is not None:
        told = {"endpoint": endpoint.name, "client": client.id, "name": client.name}
        log.info("management.called", status=status, request_id=request[REQUEST_ID], **told)


def _lasts(answer: KeptAnswer) -> bool:
    fault = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return not fault and answer.status != HTTPStatus.TOO_MANY_REQUESTS


def kept(endpoint: Endpoint, answer: Answer) -> KeptAnswer:
    """Return the answer as it goes out."""
    status = answer.status or endpoint.status
    if answer.body is None:
        return KeptAnswer(status, answer.headers, answer.raw)
    body = answer.body.model_dump_json().encode()
    return KeptAnswer(status, {"Content-Type": JSON, **answer.headers}, body)


def _response(answer: KeptAnswer, more: Mapping[str, str] = {}) -> web.Response:
    return web.Response(
        status=answer.status, headers={**answer.headers, **more}, body=answer.body or None
    )


def _told(parts: Management, request: web.Request, error: SidecarError) -> KeptAnswer:
    told = {"reason_id": error.slug, "request_id": request[REQUEST_ID]}
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("management.refused", why=str(error), **told)
    else:
        log.info("management.refused", **told)
    return problem(error, request[REQUEST_ID], parts.types)


def _around(parts: Management) -> Middleware:
    @web.middleware
    async def around(request: web.Request, handler: WebHandler) -> web.StreamResponse:
        """Every answer has an id, and every error is told as a problem."""
        request[REQUEST_ID] = secrets.token_hex(8)
        response: web.StreamResponse
        try:
            response = await handler(request)
        except web.HTTPException as reason:
            response = _response(_told(parts, request, _of(reason)))
            if isinstance(reason, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = ", ".join(sorted(reason.allowed_methods))
        except SidecarError as error:
            response = _response(_told(parts, request, error))
        except ConnectionError:
            raise  # nobody is left to tell
        except Exception:
            log.exception("management.failed", request_id=request[REQUEST_ID])
            response = _response(problem(SidecarError(), request[REQUEST_ID], parts.types))
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = request[REQUEST_ID]
        return response

    return around


def _of(reason: web.HTTPException) -> SidecarError:
    match reason.status:
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodNotAllowed(
                "this path does not know the method; Allow lists those it knows"
            )
        case HTTPStatus.NOT_FOUND:
            return NotFound("there is no such endpoint; see /docs")
        case _:
            return MalformedRequest(reason.reason)
