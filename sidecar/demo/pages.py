"""Harbour's pages for people: login, home, logbook, payments, away."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

import jinja2
from aiohttp import web

from sidecar.demo.visit import DESK, OPTIONS, VISIT, enter, leave, read_form, signed_in

HERE = Path(__file__).parent
PAYEES = ("Lighthouse upkeep", "Pilot boat", "Rope and tar")
NOTE_LIMIT = 500
CENTS_LIMIT = 100_000

routes = web.RouteTableDef()
templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def page(
    request: web.Request, template: str, /, *, status: int = 200, **values: object
) -> web.Response:
    """The template filled in, with what every page shows."""
    visit, options = request[VISIT], request.app[OPTIONS]
    text = templates.get_template(f"{template}.html").render(
        person=visit.person,
        csrf=visit.csrf,
        here=request.path,
        security_url=options.security_url,
        **values,
    )
    return web.Response(text=text, status=status, content_type="text/html")


@routes.get("/")
async def home(request: web.Request) -> web.Response:
    person = request[VISIT].person
    notes = request.app[DESK].of(request.app[DESK].notes, person)[:3] if person else []
    return page(request, "home", notes=notes)


@routes.get("/login")
async def login_form(request: web.Request) -> web.Response:
    if request[VISIT].person is not None:
        raise web.HTTPSeeOther("/")
    return page(request, "login", name="", wrong=False, people=request.app[DESK].people.values())


@routes.post("/login")
async def login(request: web.Request) -> web.Response:
    fields = await read_form(request)
    name, desk = fields.get("name", "").strip().lower(), request.app[DESK]
    person = desk.sign_in(name, fields.get("password", ""))
    if person is None:
        return page(
            request, "login", status=403, name=name, wrong=True, people=desk.people.values()
        )
    response = web.Response(status=303, headers={"Location": "/"})
    enter(request, response, person)
    return response


@routes.get("/logout")
async def logout_form(request: web.Request) -> web.Response:
    if request[VISIT].person is None:
        raise web.HTTPSeeOther("/")
    return page(request, "logout")


@routes.post("/logout")
async def logout(request: web.Request) -> web.Response:
    await read_form(request)
    response = web.Response(status=303, headers={"Location": "/"})
    leave(request, response)
    return response


@routes.get("/notes")
async def notes(request: web.Request) -> web.Response:
    person, desk = signed_in(request), request.app[DESK]
    return page(request, "notes", notes=desk.of(desk.notes, person), limit=NOTE_LIMIT)


@routes.post("/notes")
async def add_note(request: web.Request) -> web.Response:
    person, fields = signed_in(request), await read_form(request)
    text = fields.get("text", "").strip()[:NOTE_LIMIT]
    if text:
        request.app[DESK].note(person, text)
    raise web.HTTPSeeOther("/notes")


@routes.get("/payments")
async def payments(request: web.Request) -> web.Response:
    person, desk = signed_in(request), request.app[DESK]
    paid = desk.of(desk.payments, person)
    return page(request, "payments", payments=paid, payees=PAYEES, wrong=False)


@routes.post("/payments")
async def pay(request: web.Request) -> web.Response:
    person, fields = signed_in(request), await read_form(request)
    desk, payee = request.app[DESK], fields.get("payee", "")
    cents = _cents(fields.get("amount", ""))
    if payee not in PAYEES or cents is None:
        paid = desk.of(desk.payments, person)
        return page(request, "payments", status=400, payments=paid, payees=PAYEES, wrong=True)
    desk.pay(person, payee, cents)
    raise web.HTTPSeeOther("/payments")


@routes.get("/away")
async def away_form(request: web.Request) -> web.Response:
    signed_in(request)
    return page(request, "away", address=request.app[OPTIONS].away_url)


@routes.post("/away")
async def away(request: web.Request) -> web.Response:
    """Sends the browser to another site after a form post, as payment providers make one do."""
    signed_in(request)
    await read_form(request)
    raise web.HTTPSeeOther(request.app[OPTIONS].away_url)


def _cents(text: str) -> int | None:
    """The amount in cents, or none where it is no sum of money that may be paid here."""
    try:
        cents = Decimal(text) * 100
    except InvalidOperation:
        return None
    if not cents.is_finite() or cents != cents.to_integral_value():
        return None
    return int(cents) if 0 < cents <= CENTS_LIMIT else None
