"""The description as a page: every call explained and ready to be tried; all of it is ours."""

from typing import Final

from aiohttp import web

from sidecar import __version__
from sidecar.api.endpoints import description
from sidecar.core.errors import NotFound
from sidecar.web.management.call import Answer
from sidecar.web.management.outline import outline
from sidecar.web.management.reading import VERSION
from sidecar.web.render import POLICY, Renderer

PLACE: Final = "/docs/"
"""Where the page's files are."""


class Documents:
    """The page `/docs` and the files it loads; below `types` problem slugs are explained."""

    def __init__(self, renderer: Renderer, types: str) -> None:
        self._assets = renderer.assets
        text = renderer.document(
            "api/docs.html",
            groups=outline(description()),
            types=types,
            version=__version__,
            api_version=VERSION,
            asset=lambda plain: f"{PLACE}{self._assets.name_of(plain)}",
        )
        self._page = text.encode()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the page's files."""
        return [web.get(PLACE + "{name}", self.asset)]

    def page(self) -> Answer:
        """Return the page; what it loads and what it calls is of this listener alone."""
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": POLICY,
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Frame-Options": "DENY",
        }
        return Answer(raw=self._page, headers=headers)

    async def asset(self, request: web.Request) -> web.Response:
        """Return a file whose name carries its content, to be kept for ever.

        Raises:
            NotFound: there is none of this name.

        """
        found = self._assets.find(request.match_info["name"])
        if found is None:
            message = "no such file"
            raise NotFound(message)
        headers = {
            "Content-Type": found.content_type,
            "Cache-Control": "public, max-age=31536000, immutable",
        }
        return web.Response(body=found.body, headers=headers)
