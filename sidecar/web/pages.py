"""Our own pages as one application: the routes, and what holds around every one of them."""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sidecar.core.assurance import SCHEME
from sidecar.core.cookies import names_our_cookie
from sidecar.core.errors import NotFound, PluginFailed, SidecarError
from sidecar.web.account import AccountPages
from sidecar.web.browsers import BrowserPages
from sidecar.web.challenge import ChallengePages
from sidecar.web.confirm import ConfirmPages
from sidecar.web.desk import COOKIES, Desk
from sidecar.web.disown import DisownPages
from sidecar.web.enroll import EnrollPages
from sidecar.web.guard import caller_of, page_headers, refuse_strangers
from sidecar.web.leave import LeavingPages
from sidecar.web.outages import report
from sidecar.web.problems import Problems, Telling
from sidecar.web.public import PublicPages
from sidecar.web.receipts import PLACE as RECEIPTS
from sidecar.web.receipts import ReceiptCalls

log = structlog.get_logger(__name__)

_PLACES = frozenset({"challenge", "confirm", "enroll", "account"})


def build_pages(desk: Desk, problems: Problems, jwks: Mapping[str, object]) -> web.Application:
    """Return the application; requests must come through the pipeline."""
    public = PublicPages(desk, jwks)
    app = web.Application(middlewares=[_around(desk, problems)])
    app.add_routes(public.routes())
    kinds = (
        *(ChallengePages, ConfirmPages, EnrollPages, AccountPages, BrowserPages, LeavingPages),
        *(DisownPages, ReceiptCalls),
    )
    for kind in kinds:
        app.add_routes(kind(desk).routes())
    return app


def _around(desk: Desk, problems: Problems) -> Middleware:
    open_to_all = ("static/", ".well-known/", "problems/", RECEIPTS)
    public = tuple(desk.renderer.url(name) for name in open_to_all)

    def tell(request: web.Request, error: SidecarError) -> web.Response:
        if caller_of(request).navigation:
            return desk.error(request, error)
        return _problem(request, problems, error)

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse strangers, tell errors, and put headers and cookies on every response."""
        response: web.StreamResponse
        try:
            if not request.path.startswith(public):
                refuse_strangers(request)
            response = await handler(request)
        except web.HTTPSeeOther as redirect:
            headers = {"Location": str(redirect.location)}
            response = web.Response(status=redirect.status, headers=headers)
        except web.HTTPException as reason:
            place = _instead(request, reason, desk.renderer.prefix)
            request_id = caller_of(request).request_id
            log.info("page.missing", status=reason.status, request_id=request_id)
            response = desk.go(request, place) if place else tell(request, NotFound(reason.reason))
        except SidecarError as error:
            _note(error, caller_of(request).request_id)
            response = tell(request, error)
        except ConnectionError:
            raise  # nobody is left to tell, and whoever hangs up must not fill the log
        except Exception:
            log.exception("page.failed", request_id=caller_of(request).request_id)
            response = tell(request, SidecarError())
        return _finish(request, response)

    return around


def _note(error: SidecarError, request_id: str) -> None:
    if isinstance(error, PluginFailed):
        report(error, request_id)
    else:
        log.info("page.refused", reason_id=error.slug, request_id=request_id)


def _instead(request: web.Request, reason: web.HTTPException, prefix: str) -> str:
    """Return the page for whoever opens the address that a form was sent to; else nothing."""
    posted = isinstance(reason, web.HTTPMethodNotAllowed) and request.method == "GET"
    if not (posted and caller_of(request).navigation):
        return ""
    place = request.path.removeprefix(prefix).partition("/")[0]
    return place if place in _PLACES else "account"


def _problem(request: web.Request, problems: Problems, error: SidecarError) -> web.Response:
    how = Telling(page=False, language="", request_id=caller_of(request).request_id)
    status, headers, body = problems.tell(error, how, {})
    shown = {name.decode(): value.decode() for name, value in headers}
    return web.Response(status=status, headers=shown, body=body)


def _finish(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    secure = caller_of(request).origin.startswith("https:")
    hints = request.headers.get("Sec-CH-UA", "")
    for name, value in page_headers(secure=secure, hints=hints).items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = caller_of(request).request_id
    if response.status == HTTPStatus.UNAUTHORIZED:
        response.headers.setdefault("WWW-Authenticate", SCHEME)
    visit = caller_of(request).visit
    for relayed in visit.identity.set_cookies if visit else ():
        if not names_our_cookie(relayed):
            response.headers.add("Set-Cookie", relayed.decode("utf-8", "surrogateescape"))
    for cookie in request.get(COOKIES, []):
        response.headers.add("Set-Cookie", cookie)
    return response
