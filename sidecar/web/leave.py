"""The pages on the way out: continue to the application, signed out, whom to ask."""

from aiohttp import web

from sidecar.core.cookies import SESSION
from sidecar.core.model import Standing
from sidecar.flows.portfolio import portfolio
from sidecar.web.desk import Desk
from sidecar.web.guard import caller_of
from sidecar.web.views import ContinueView, RecoveryNeededView, SignedOutView


class LeavingPages:
    """Pages that lead back to the application."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        url = self._desk.renderer.url
        return [
            web.get(url("continue"), self.onward),
            web.get(url("leave"), self.leave),
            web.get(url("signed-out"), self.signed_out),
            web.get(url("recovery"), self.recovery),
            web.post(url("logout"), self.logout),
        ]

    async def onward(self, request: web.Request) -> web.Response:
        """Return the page that goes on to where the person was going."""
        visit = await self._desk.enter(request)
        path = self._desk.target(visit, request.query.get("next", ""))
        # Absolute, or a path that begins with two slashes would name another host.
        target = f"{caller_of(request).origin}{path}"
        view = ContinueView(target=target, stopped=request.query.get("lost") == "1")
        return self._desk.show(request, visit, view)

    async def leave(self, request: web.Request) -> web.Response:
        """Return the page that goes on to the application's own logout."""
        caller = caller_of(request)
        target = f"{caller.origin}{self._desk.site.logout or '/'}"
        view = ContinueView(target=target, leaving=True)
        return self._desk.show(request, None, view)

    async def logout(self, request: web.Request) -> web.Response:
        """This browser's session is over; the application's own logout is next."""
        visit = caller_of(request).visit
        if visit is not None and visit.session is not None:
            form = await self._desk.form(request)
            await self._desk.flows.sessions.end(form.visit, form.visit.require_session().id)
        self._desk.put(request, self._desk.jar(request).drop(SESSION))
        return self._desk.go(request, "leave" if self._desk.site.logout else "signed-out")

    async def signed_out(self, request: web.Request) -> web.Response:
        """Return the page that says so."""
        everywhere = request.query.get("everywhere") == "1"
        return self._desk.show(request, None, SignedOutView(everywhere=everywhere))

    async def recovery(self, request: web.Request) -> web.Response:
        """Return the page that says whom to ask."""
        visit = await self._desk.enter(request)
        onward = request.query.get("next", "")
        standing = (await portfolio(self._desk.flows.kit, visit.person)).standing
        if standing is Standing.NEVER_ENROLLED:
            return self._desk.go(request, "enroll", next=onward)
        view = RecoveryNeededView(
            opening=self._desk.opening(visit, onward),
            able=standing is Standing.ENROLLED,
            next=onward,
        )
        return self._desk.show(request, visit, view)
