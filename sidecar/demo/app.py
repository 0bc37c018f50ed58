"""Puts Harbour together."""

import weakref

from aiohttp import web
from aiohttp.typedefs import Handler

from sidecar.demo import api, pages
from sidecar.demo.desk import Desk
from sidecar.demo.visit import DESK, OPTIONS, VISIT, Options, read_visit, set_cookie

BODY_LIMIT_BYTES = 1024 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@web.middleware
async def visits(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every handler knows its visitor; a page that shows a form leaves a cookie behind."""
    visit = request[VISIT] = read_visit(request)
    try:
        response = await handler(request)
    except web.HTTPNotFound:
        if request.path.startswith("/api/"):
            raise
        response = pages.page(request, "missing", status=404)
    if visit.fresh and response.content_type == "text/html" and not response.prepared:
        set_cookie(response, visit.token)
    return response


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, text in HEADERS.items():
        response.headers.setdefault(name, text)


def create_app(options: Options | None = None) -> web.Application:
    """Harbour, ready to serve; with `options.data` it remembers across restarts."""
    options = options or Options()
    app = web.Application(middlewares=[visits], client_max_size=BODY_LIMIT_BYTES)
    app[OPTIONS] = options
    app[DESK] = Desk.opened(options.data) if options.data else Desk()
    app[api.LIVE] = weakref.WeakSet()
    app.add_routes(pages.routes)
    app.add_routes(api.routes)
    app.router.add_static("/static/", pages.HERE / "static")
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(api.close_live)
    return app
