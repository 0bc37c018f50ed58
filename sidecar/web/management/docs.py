"""The description as a page: every call explained and ready to be tried; all of it is ours."""

from aiohttp import web

from sidecar.web.management.call import Answer
from sidecar.web.render import Renderer


class Documents:
    """The page `/docs` and the files it loads."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the page's files."""
        return []

    def page(self) -> Answer:
        """Return the page."""
        headers = {"Content-Type": "text/html; charset=utf-8"}
        return Answer(raw=b"<!doctype html><title>Sidecar management API</title>", headers=headers)
