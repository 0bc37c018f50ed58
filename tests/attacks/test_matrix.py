"""Every route and kind of proxied path in every state a person can be in: what comes of it.

THREATS 1, 20, 53: nothing but a proof opens what is behind the policy, and no page of ours does
more for a state than it should. A route without a row fails.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from sidecar import wiring
from sidecar.web.desk import Desk
from sidecar.web.pages import build_pages
from sidecar.web.problems import Problems
from tests.somebody import Somebody, somebody
from tests.visitor import FETCH, NAVIGATION, Page, Visitor
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
PREFIX = "/_sidecar/"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("matrix")) as made:
        yield made


# --- states ---------------------------------------------------------------------------------------

STATES: tuple[Callable[[Somebody], Awaitable[None]], ...] = (
    Somebody.anonymous,
    Somebody.identified,
    Somebody.enrolling,
    Somebody.pending,
    Somebody.proven,
    Somebody.old,
    Somebody.revoked,
    Somebody.recovery,
)
NAMES = tuple(state.__name__ for state in STATES)
WITHOUT_SESSION = {"anonymous", "identified", "revoked"}
EVERYWHERE = ("200",) * 8
UNKNOWN = "unknown-but-well-formed-id-0000"


def posted(*with_session: str, gone: str = "410", nobody: str = "401") -> tuple[str, ...]:
    """Return the outcomes of a form: enrolling, pending, proven, old, recovery; then the rest."""
    enrolling, pending, proven, old, recovery = with_session
    return (nobody, gone, enrolling, pending, proven, old, gone, recovery)


# --- our pages ------------------------------------------------------------------------------------

# In the order of STATES. A word is where a 303 leads, a number the status of a page.
PAGES: dict[str, tuple[str, ...]] = {
    "GET challenge": (
        *("login", "enroll", "enroll", "200"),
        *("continue", "continue", "200", "recovery"),
    ),
    "GET enroll": ("login", "200", "200", "challenge", "200", "200", "challenge", "recovery"),
    "GET invitation": ("login", *EVERYWHERE[1:]),
    "GET account": (
        *("login", "challenge", "challenge", "challenge"),
        *("200", "200", "challenge", "challenge"),
    ),
    "GET continue": ("login", *EVERYWHERE[1:]),
    "GET leave": EVERYWHERE,
    "GET signed-out": EVERYWHERE,
    "GET recovery": ("login", "enroll", "enroll", *EVERYWHERE[3:]),
    "GET static/{name}": ("404",) * 8,
    "GET .well-known/jwks.json": EVERYWHERE,
    "GET problems/{slug}": EVERYWHERE,
    "POST challenge/begin": posted("404", "challenge", "challenge", "challenge", "404"),
    "POST challenge/again": posted("403", "410", "410", "410", "403"),
    "GET disown": ("404",) * 8,
    "POST disown": ("404",) * 8,
    "GET enroll/done": ("login", *("continue",) * 7),
    "POST enroll/again": posted(*("410",) * 5),
    "GET receipts/{transport}": ("404",) * 8,
    "POST receipts/{transport}": ("404",) * 8,
    "POST challenge/answer": posted("403", "410", "410", "410", "403"),
    "GET confirm": ("login", *("enroll",) * 7),
    "POST confirm/begin": posted("403", "409", "409", "409", "403"),
    "POST confirm/answer": posted(*("enroll",) * 5),
    "POST confirm/again": posted(*("enroll",) * 5),
    "POST enroll/begin": posted("invitation", "challenge", "challenge", "challenge", "403"),
    "POST enroll/finish": posted("410", "410", "410", "410", "410"),
    "POST enroll/kept": posted("410", "410", "410", "410", "410"),
    "POST account/rename": posted("401", "401", "404", "404", "401"),
    "POST account/remove": posted("challenge", "challenge", "404", "404", "challenge"),
    "POST account/codes": posted("409", "challenge", "challenge", "challenge", "403"),
    "POST account/browsers/forget": posted("404", "404", "404", "404", "404"),
    "POST account/browsers/forget-all": posted(*("account",) * 5),
    "POST account/sessions/end": posted("404", "404", "404", "404", "404"),
    "POST account/sessions/end-all": posted(*("signed-out",) * 5),
    "POST logout": ("leave",) * 8,
}
FORMS = tuple(
    row
    for row in PAGES
    if row.startswith("POST ") and row not in {"POST disown", "POST receipts/{transport}"}
)
"""Posts of a session; the others bring a secret of their own, from a letter or a provider."""
FIELDS = {
    "factor": "totp",
    "code": "000 000",
    "enrollment": UNKNOWN,
    "authenticator": UNKNOWN,
    "session": UNKNOWN,
    "name": "Phone",
    "kept": "yes",
}


def address(row: str) -> tuple[str, str]:
    method, _, name = row.partition(" ")
    return method, PREFIX + name.format(
        name="nothing.css", slug="not-found", transport="mail", token="x"
    )


def outcome(page: Page) -> str:
    """Return where the answer leads, or its status."""
    if page.status != 303:
        return str(page.status)
    path = page.location.partition("://")[2].partition("/")[2].partition("?")[0]
    return path.removeprefix(PREFIX[1:])


async def test_every_route_has_a_row(here: World) -> None:
    """The route table shows that none is missing here, and none is left over."""
    desk = Desk(here.sidecar.flows, wiring.renderer(here.loaded), wiring.site(here.loaded))
    app = build_pages(desk, Problems(desk.renderer, here.clock, secure=True), {})
    routes = {
        f"{route.method} {route.resource.canonical.removeprefix(PREFIX)}"
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert routes == set(PAGES)
    assert all(len(row) == len(STATES) for row in (*PAGES.values(), *PROXIED.values()))


@pytest.mark.conforms("ASVS-8.2.1", "ASVS-8.3.1")
@pytest.mark.parametrize("state", NAMES)
@pytest.mark.parametrize("row", PAGES)
async def test_a_page_of_ours(here: World, row: str, state: str) -> None:
    """Each page in each state shows the expected outcome, and the application nothing of it."""
    who = await somebody(here, state)
    method, path = address(row)
    if method == "POST" and state not in WITHOUT_SESSION:
        await who.look()
    reached = len(here.application.reached)
    # Challenges are answered by any of a factor's authenticators, unless one is chosen.
    fields = {**FIELDS, "authenticator": ""} if "challenge/" in row else FIELDS
    if method == "GET":
        page = await who.visitor.send("GET", path, headers=NAVIGATION)
    else:
        page = await who.visitor.post(path, {**fields, "csrf": who.csrf}, follow=0)
    assert outcome(page) == PAGES[row][NAMES.index(state)]
    assert len(here.application.reached) == reached
    asked_again = 'action="/_sidecar/challenge/answer"' in page.text
    if page.status >= 400 and page.status != 422 and not asked_again:
        assert page.headers["X-Request-Id"] in page.text


@pytest.mark.threat(31, 32)
async def test_forms_want_their_token_and_persons(here: World) -> None:
    """Every form in a proven session shows that without the session's own token, or from a
    script, nothing happens (THREATS 31, 32).
    """
    who, other = await somebody(here, "proven"), await somebody(here, "proven")
    await other.look()
    for row in FORMS:
        _, path = address(row)
        for token in ("", other.csrf, "A" * 43):
            page = await who.visitor.post(path, {**FIELDS, "csrf": token}, follow=0)
            assert (row, page.status) == (row, 403)
        page = await who.visitor.send("POST", path, headers=FETCH, data="")
        assert (row, page.status) == (row, 403)
    assert (await who.visitor.open("/secret")).text.startswith("application: /secret")


async def test_addresses_of_forms_lead_on(here: World) -> None:
    """Opening the address that a form was sent to shows the page it belongs to, never an error."""
    who = await somebody(here, "proven")
    for row in FORMS:
        _, path = address(row)
        page = await who.visitor.send("GET", path, headers=NAVIGATION)
        first = path.removeprefix(PREFIX).partition("/")[0]
        expected = first if first in {"challenge", "confirm", "enroll", "account"} else "account"
        assert (row, outcome(page)) == (row, expected)
        page = await who.visitor.fetch(path)
        assert page.status == 403 or page.headers["Content-Type"].startswith("application/p")


# --- the application's paths ----------------------------------------------------------------------

PROXIED: dict[str, tuple[str, ...]] = {
    "/open/x": EVERYWHERE,
    "/assets/x": EVERYWHERE,
    "/never/x": ("403",) * 8,
    "/easy/x": ("login", *EVERYWHERE[1:]),
    "/secret": ("login", "enroll", "enroll", "challenge", "200", "200", "challenge", "recovery"),
    "/pay/x": (
        *("login", "enroll", "enroll", "challenge"),
        *("200", "challenge", "challenge", "recovery"),
    ),
}
FETCHED = {"login": "401", "enroll": "403", "challenge": "401", "recovery": "403"}
WAYS = ("page", "form", "fetch", "head", "upgrade")


@pytest.mark.conforms("ASVS-8.2.1", "ASVS-8.3.1")
@pytest.mark.parametrize("state", NAMES)
@pytest.mark.parametrize("path", PROXIED)
async def test_a_path_of_the_application(here: World, path: str, state: str) -> None:
    """Each kind of path in each state shows the same outcome for every way of asking, and that
    the application sees nothing of a request that was stopped.
    """
    who = await somebody(here, state)
    expected = PROXIED[path][NAMES.index(state)]
    for way in WAYS:
        before = len(here.application.reached)
        page = await ask(who.visitor, path, way)
        led = way in {"page", "form"} or expected.isdecimal()
        assert (way, outcome(page)) == (way, expected if led else FETCHED[expected])
        assert (len(here.application.reached) > before) == (expected == "200")


async def ask(visitor: Visitor, path: str, way: str) -> Page:
    if way == "form":
        return await visitor.post(path, {"note": "fog"}, follow=0)
    if way == "fetch":
        return await visitor.fetch(path)
    if way == "upgrade":
        headers = {**FETCH, "Sec-Fetch-Mode": "websocket", "Origin": visitor.world.origin}
        return await visitor.send("GET", path, headers=headers)
    if way == "head":
        return await visitor.send("HEAD", path, headers=FETCH)
    return await visitor.send("GET", path, headers=NAVIGATION)


async def test_signing_out_of_the_application(here: World) -> None:
    """The application's own sign-out shows its answer to the end, and takes the proofs along."""
    who = await somebody(here, "proven")
    assert (await who.visitor.open("/logout")).text == "bye"
    await who.identified()
    assert outcome(await ask(who.visitor, "/secret", "page")) == "challenge"
