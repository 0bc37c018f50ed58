"""Our own pages as one application: the routes, and what holds around every one of them."""

from collections.abc import Mapping

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sidecar.core.errors import NotFound, SidecarError
from sidecar.web.account import AccountPages
from sidecar.web.challenge import ChallengePages
from sidecar.web.desk import COOKIES, Desk
from sidecar.web.enroll import EnrollPages
from sidecar.web.guard import caller_of, page_headers, refuse_strangers
from sidecar.web.leave import LeavingPages
from sidecar.web.problems import Problems, Telling
from sidecar.web.public import PublicPages

log = structlog.get_logger(__name__)


def build_pages(desk: Desk, problems: Problems, jwks: Mapping[str, object]) -> web.Application:
    """Return the application; requests must come through the pipeline."""
    public = PublicPages(desk, jwks)
    app = web.Application(middlewares=[_around(desk, problems)])
    app.add_routes(public.routes())
    for pages in (ChallengePages(desk), EnrollPages(desk), AccountPages(desk), LeavingPages(desk)):
        app.add_routes(pages.routes())
    return app


def _around(desk: Desk, problems: Problems) -> Middleware:
    public = tuple(desk.renderer.url(name) for name in ("static/", ".well-known/", "problems/"))

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse strangers, tell errors, and put headers and cookies on every response."""
        response: web.StreamResponse
        try:
            if not request.path.startswith(public):
                refuse_strangers(request)
            response = await handler(request)
        except web.HTTPSeeOther as redirect:
            response = web.Response(
                status=redirect.status, headers={"Location": str(redirect.location)}
            )
        except web.HTTPException as missing:
            response = _tell(request, problems, NotFound(missing.reason))
        except SidecarError as error:
            log.info("page.refused", reason_id=error.slug, request_id=caller_of(request).request_id)
            response = _tell(request, problems, error)
        except Exception:
            log.exception("page.failed", request_id=caller_of(request).request_id)
            response = _tell(request, problems, SidecarError())
        return _finish(request, response)

    return around


def _tell(request: web.Request, problems: Problems, error: SidecarError) -> web.Response:
    caller = caller_of(request)
    how = Telling(caller.navigation, request.headers.get("Accept-Language", ""), caller.request_id)
    status, headers, body = problems.tell(error, how, {})
    shown = {name.decode(): value.decode() for name, value in headers}
    return web.Response(status=status, headers=shown, body=body)


def _finish(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    secure = caller_of(request).origin.startswith("https:")
    hints = request.headers.get("Sec-CH-UA", "")
    for name, value in page_headers(secure=secure, hints=hints).items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = caller_of(request).request_id
    for cookie in request.get(COOKIES, []):
        response.headers.add("Set-Cookie", cookie)
    return response
