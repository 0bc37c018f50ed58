"""What every page handler works with: who asks, the form that was sent, the page to show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus

from aiohttp import web

from sidecar.core.cookies import KNOWN, LANGUAGE, SESSION, CookieJar
from sidecar.core.errors import ChallengeGone, CrossSiteRefused, NotIdentified, SidecarError
from sidecar.flows import Flows
from sidecar.flows.kit import Entered
from sidecar.flows.tokens import KNOWN_FOR
from sidecar.flows.visit import Visit
from sidecar.web.guard import caller_of, read_form
from sidecar.web.problems import Hears, passes, uncounted
from sidecar.web.render import Renderer
from sidecar.web.views import ErrorView, Frame, View, is_local

COOKIES = web.RequestKey("cookies", list[str])
NEXT = web.RequestKey("next", str)
"""Where the person was going, as the form says that was sent."""
AGAIN = web.RequestKey("again", str)
"""Path that an error page of this request should offer."""
LANGUAGE_KEPT = timedelta(days=365)
MAX_OPENING_CHARS = 60


@dataclass(frozen=True, slots=True)
class Site:
    """What pages need to know of the installation."""

    login_page: str
    """Empty: nobody is redirected to a login."""
    logout: str
    """The application's own logout; empty where it has none that can be opened."""
    kinds: Mapping[str, str]
    """Factor instance -> plugin name, which the templates have words for."""
    contact: str = ""


_OWN = frozenset(
    {"csrf", "next", "challenge", "carried", "enrollment", "factor", "action", "lost"}
    | {"factors", "level", "max_age", "authenticator", "invitation"}
    | {"name", "kept", "remember", "target"}
)


@dataclass(frozen=True, slots=True)
class Form:
    """A post of a page of ours, by somebody in a session."""

    visit: Visit
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a field, or nothing."""
        return self.fields.get(name, "")

    @property
    def response(self) -> dict[str, str]:
        """The fields that answer a prompt: all that are not the page's own."""
        return {name: value for name, value in self.fields.items() if name not in _OWN}


class Desk:
    """The parts that handlers share."""

    def __init__(
        self, flows: Flows, renderer: Renderer, site: Site, count: Hears = uncounted
    ) -> None:
        self.flows = flows
        self.renderer = renderer
        self.site = site
        self.count = count
        """For pages that tell a problem in words of their own."""

    # -- who -----------------------------------------------------------------------------------

    async def enter(self, request: web.Request) -> Visit:
        """Return the visit with a session; a pending one is opened where there is none.

        Raises:
            NotIdentified: nobody is known (or HTTPSeeOther to the application's login).

        """
        caller = caller_of(request)
        if caller.visit is None:
            if self.site.login_page:
                raise web.HTTPSeeOther(f"{caller.origin}{self.site.login_page}")
            message = "nobody is identified"
            raise NotIdentified(message)
        if caller.visit.session is not None:
            return caller.visit
        entered = await self.flows.sessions.open(caller.visit)
        self.keep(request, entered)
        return replace(caller.visit, session=entered.session)

    async def form(self, request: web.Request) -> Form:
        """Return a post that came from a page of this very session.

        Raises:
            NotIdentified: nobody is known.
            ChallengeGone: the session of the page is over.
            CrossSiteRefused: the form was not made by us for this session.

        """
        fields = await read_form(request)
        visit, onward = caller_of(request).visit, fields.get("next", "")
        # Nothing is bound to a session that is over; whoever was in it can still go back to where
        # it led, which only takes a link.
        request[AGAIN] = self.flows.kit.tokens.read_next(onward)
        if visit is None:
            request[AGAIN] = self.site.login_page
            message = "nobody is identified"
            raise NotIdentified(message)
        if visit.session is None:
            message = "the session of this page is over"
            raise ChallengeGone(message)
        if not self.flows.kit.tokens.csrf_fits(visit.session.id, fields.get("csrf", "")):
            message = "form token does not fit"
            raise CrossSiteRefused(message)
        request[AGAIN], request[NEXT] = "", onward
        return Form(visit, fields)

    # -- cookies -------------------------------------------------------------------------------

    def jar(self, request: web.Request) -> CookieJar:
        """Return how cookies of the origin that was asked look."""
        return CookieJar(secure=caller_of(request).origin.startswith("https:"))

    def put(self, request: web.Request, cookie: str) -> None:
        """The response of this request will carry the cookie."""
        request.setdefault(COOKIES, []).append(cookie)

    def keep(self, request: web.Request, entered: Entered) -> None:
        """The browser gets the new session token; once it proved something it is known."""
        jar, now = self.jar(request), self.flows.kit.clock()
        self.put(request, jar.put(SESSION, entered.token))
        if entered.session.proven:
            known = self.flows.kit.tokens.mint_known(entered.session.person, now)
            age = int(KNOWN_FOR.total_seconds())
            self.put(request, jar.put(KNOWN, known, max_age_s=age))

    # -- showing -------------------------------------------------------------------------------

    def show(
        self, request: web.Request, visit: Visit | None, view: View, status: int = HTTPStatus.OK
    ) -> web.Response:
        """Return the page."""
        chosen = request.query.get("lang", "")
        language = self.renderer.catalogs.choose(
            query=chosen,
            cookie=request.cookies.get(self.jar(request).name(LANGUAGE), ""),
            accept=request.headers.get("Accept-Language", ""),
        )
        if chosen and language == self.renderer.catalogs.known(chosen):
            age = int(LANGUAGE_KEPT.total_seconds())
            self.put(request, self.jar(request).put(LANGUAGE, language, max_age_s=age))
        session = visit.session if visit else None
        frame = Frame(
            language=language,
            now=self.flows.kit.clock(),
            account=visit.label if visit else "",
            csrf=self.flows.kit.tokens.csrf(session.id) if session else "",
            here=request.raw_path if request.method == "GET" else "",
        )
        text = self.renderer.page(view, frame)
        return web.Response(text=text, status=status, content_type="text/html")

    def error(self, request: web.Request, error: SidecarError) -> web.Response:
        """Return the page that tells a person what went wrong, and how to go on from it."""
        self.count(error.slug)
        caller, wait = caller_of(request), error.retry_after_s
        again = request.get(AGAIN, "")
        if not again and request.method == "GET" and error.status >= HTTPStatus.TOO_MANY_REQUESTS:
            again = request.raw_path
        view = ErrorView(
            error.slug,
            caller.request_id,
            self.flows.kit.clock() + timedelta(seconds=wait) if wait else None,
            next=request.get(NEXT, request.query.get("next", "")),
            again=again if is_local(again) else "",
            sent=request.method != "GET" if passes(error) else None,
        )
        # A frame or worker that was refused must not learn the person's name or form token.
        visit = None if isinstance(error, CrossSiteRefused) else caller.visit
        response = self.show(request, visit, view, error.status)
        response.headers["Vary"] = "Cookie, Sec-Fetch-Mode, Accept"
        if wait is not None:
            response.headers["Retry-After"] = str(wait)
        return response

    def go(self, request: web.Request, page: str, **query: str) -> web.Response:
        """Return a 303 to another page of ours; never the application's, so CSP cannot stop it."""
        url = f"{caller_of(request).origin}{self.renderer.url(page, **query)}"
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": url})

    # -- next ----------------------------------------------------------------------------------

    def target(self, visit: Visit, sealed: str) -> str:
        """Return the path that a sealed `next` of this session names; `/` for anything else."""
        session = visit.require_session()
        return self.flows.kit.tokens.open_next(session.id, sealed) or "/"

    def opening(self, visit: Visit, sealed: str) -> str:
        """Return what is being opened, short enough to be read; empty where nothing special is."""
        path = self.target(visit, sealed).partition("?")[0]
        if path == "/" or path.startswith(self.renderer.prefix):
            return ""
        return path if len(path) <= MAX_OPENING_CHARS else f"{path[:MAX_OPENING_CHARS]}…"

    def seal(self, visit: Visit, path: str) -> str:
        """Return a `next` that leads to this path."""
        return self.flows.kit.tokens.seal_next(visit.require_session().id, path)
