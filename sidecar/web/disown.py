"""The page behind "this wasn't me" in a notice: needs nobody to be signed in."""

from aiohttp import web

from sidecar.flows.disown import Opened
from sidecar.web.desk import Desk
from sidecar.web.guard import caller_of, read_form
from sidecar.web.views import DisownView

PLACE = "disown"


class DisownPages:
    """Opening the link changes nothing (mailboxes open links to look into them); its form does."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        url = self._desk.renderer.url
        return [web.get(url(PLACE), self.ask), web.post(url(PLACE), self.disown)]

    async def ask(self, request: web.Request) -> web.Response:
        """Return the page that says what will be stopped."""
        token = request.query.get("t", "")
        opened = await self._desk.flows.disowning.look(token)
        page = self._desk.show(request, None, self._view(opened, token=token))
        # The address holds the token: not even links within the origin may pass it on.
        page.headers["Referrer-Policy"] = "strict-origin"
        return page

    async def disown(self, request: web.Request) -> web.Response:
        """Stop what the link is about, and say so; only a form of ours is taken, see `guard`."""
        token = (await read_form(request)).get("token", "")
        opened = await self._desk.flows.disowning.disown(
            token,
            language=request.headers.get("Accept-Language", ""),
            request_id=caller_of(request).request_id,
        )
        return self._desk.show(request, None, self._view(opened, done=True))

    def _view(self, opened: Opened, *, token: str = "", done: bool = False) -> DisownView:
        about, site = opened.authenticator, self._desk.site
        return DisownView(
            kind=site.kinds.get(about.factor, about.factor),
            token=token,
            name="" if about.name == about.factor else about.name,
            added=about.created_at,
            gone=not opened.stops,
            done=done,
            login=site.login_page,
        )
