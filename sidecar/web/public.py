"""What is the same for everybody: static files, our public keys, what each problem means."""

import json
from collections.abc import Mapping

from aiohttp import web

from sidecar.core.errors import CrossSiteRefused, NotFound
from sidecar.core.slugs import slugs
from sidecar.web.desk import Desk
from sidecar.web.views import ErrorView


class PublicPages:
    """Needs nobody to be identified."""

    def __init__(self, desk: Desk, jwks: Mapping[str, object]) -> None:
        self._desk = desk
        self._jwks = json.dumps(jwks)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        url = self._desk.renderer.url
        return [
            web.get(url("static/") + "{name}", self.static),
            web.get(url(".well-known/jwks.json"), self.jwks),
            web.get(url("problems/") + "{slug}", self.problem),
        ]

    async def static(self, request: web.Request) -> web.Response:
        """Return a file whose name carries its content, to be kept for ever."""
        if "Service-Worker" in request.headers:
            message = "our files are no service worker"
            raise CrossSiteRefused(message)
        asset = self._desk.renderer.assets.find(request.match_info["name"])
        if asset is None:
            message = "no such file"
            raise NotFound(message)
        headers = {
            "Content-Type": asset.content_type,
            "Cache-Control": "public, max-age=31536000, immutable",
        }
        return web.Response(body=asset.body, headers=headers)

    async def jwks(self, _request: web.Request) -> web.Response:
        """Return the keys that verify our assertions."""
        return web.Response(
            text=self._jwks,
            content_type="application/jwk-set+json",
            headers={"Cache-Control": "public, max-age=300"},
        )

    async def problem(self, request: web.Request) -> web.Response:
        """Return what a problem slug means."""
        slug = request.match_info["slug"]
        if slug not in slugs():
            message = "no such problem"
            raise NotFound(message)
        return self._desk.show(request, None, ErrorView(slug))
