"""The visitor behind a request of Harbour: cookie, person, form token."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from sidecar.demo.desk import TOKEN_BYTES, Desk, Person

COOKIE = "harbour_session"


@dataclass(frozen=True, slots=True)
class Options:
    """How this Harbour behaves; `keep_cookie` is the fault of a weaker application, for tests."""

    keep_cookie: bool = False
    security_url: str = ""
    away_url: str = "https://example.com/"
    data: Path | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    person: Person | None
    fresh: bool
    """The browser brought no cookie; the answer sets one."""


DESK = web.AppKey("desk", Desk)
OPTIONS = web.AppKey("options", Options)
VISIT = web.RequestKey("visit", Visit)


def read_visit(request: web.Request) -> Visit:
    """Who is here; a browser without our cookie gets a token to bind its login form to."""
    desk = request.app[DESK]
    brought = request.cookies.get(COOKIE, "")
    token = brought or secrets.token_urlsafe(TOKEN_BYTES)
    return Visit(token, desk.csrf(token), desk.person(token), fresh=not brought)


def set_cookie(response: web.StreamResponse, token: str) -> None:
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", path="/")


def signed_in(request: web.Request) -> Person:
    """The person of this request.

    Raises:
        web.HTTPUnauthorized: nobody is signed in and a program asks.
        web.HTTPSeeOther: nobody is signed in; the login page is next.
    """
    person = request[VISIT].person
    if person is not None:
        return person
    if request.path.startswith("/api/") or request.path == "/live":
        raise web.HTTPUnauthorized(
            text='{"error": "sign in first"}', content_type="application/json"
        )
    raise web.HTTPSeeOther("/login")


async def read_form(request: web.Request) -> Mapping[str, str]:
    """The text fields of a form that this application itself showed.

    Raises:
        web.HTTPForbidden: the form token is missing or another visitor's.
    """
    fields = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    expected = request[VISIT].csrf
    if not hmac.compare_digest(fields.get("csrf", "").encode(), expected.encode()):
        raise web.HTTPForbidden(text="This form is out of date. Go back, reload, try again.")
    return fields


def enter(request: web.Request, response: web.StreamResponse, person: Person) -> None:
    """Signs the person in under a new cookie, so that a planted one is worth nothing."""
    desk, visit = request.app[DESK], request[VISIT]
    desk.close_visit(visit.token)
    keep = request.app[OPTIONS].keep_cookie
    token = visit.token if keep else secrets.token_urlsafe(TOKEN_BYTES)
    desk.open_visit(token, person)
    set_cookie(response, token)


def leave(request: web.Request, response: web.StreamResponse) -> None:
    request.app[DESK].close_visit(request[VISIT].token)
    response.del_cookie(COOKIE, path="/")
