"""The endpoints that the product's owner named are there, and nothing that is not described."""

import re

import pytest

from sidecar.api.endpoints import ENDPOINTS
from tests.api.calling import Api
from tests.api.sound import sound

pytestmark = pytest.mark.asyncio(loop_scope="module")

GIVEN = """
POST /config
GET /config/{user_id}
PUT /config/{user_id}
POST /totp/setup
POST /totp/verify
POST /challenge
POST /challenge/verify
POST /backup-codes/generate
GET /backup-codes/{user_id}
POST /enable
POST /disable
POST /recovery
POST /recovery/approve
GET /analytics/stats
GET /status/{user_id}
GET /health
GET /health/live
GET /health/ready
GET /metrics
GET /docs
GET /openapi.json
"""
"""Their paths, methods and words stay as they are."""
FURTHER = """
POST /challenge/resend
POST /enrollments
POST /enrollments/{enrollment_id}
POST /enrollments/{enrollment_id}/resend
GET /users
GET /users/{user_id}
PATCH /users/{user_id}
DELETE /users/{user_id}
POST /users/{user_id}/reset
POST /users/{user_id}/unlock
POST /users/import
POST /users/export
GET /authenticators
GET /authenticators/{authenticator_id}
PATCH /authenticators/{authenticator_id}
DELETE /authenticators/{authenticator_id}
POST /authenticators/{authenticator_id}/approve
GET /sessions
DELETE /sessions
DELETE /sessions/{session_id}
POST /invitations
DELETE /invitations
GET /attempts
GET /events
"""
"""Of the families that the owner named without their members."""
FILES = "/docs/"
"""What the page of the description loads."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PURGE")


def _lines(text: str) -> set[str]:
    return {line for line in text.splitlines() if line}


def _served(desk: Api) -> set[str]:
    """Return every route of the running server."""
    return {
        f"{route.method} {route.resource.canonical}"
        for route in desk.app.router.routes()
        if route.resource is not None and not route.resource.canonical.startswith(FILES)
    }


async def test_what_is_served_is_what_was_asked_for(desk: Api) -> None:
    """The routes of the running server show exactly what the owner named and what this page lists,
    and so do the endpoints that all else is derived from.
    """
    assert _served(desk) == _lines(GIVEN) | _lines(FURTHER)
    assert _served(desk) == {f"{one.method} {one.path}" for one in ENDPOINTS}


async def test_the_description_tells_what_is_served(desk: Api) -> None:
    """`/openapi.json`, as anybody may read it, shows exactly what is served."""
    told = (await desk.send("GET", "/openapi.json", token="")).said["paths"]
    described = {f"{method.upper()} {path}" for path, methods in told.items() for method in methods}
    assert described == _served(desk)


def _fits(template: str, target: str) -> bool:
    """Tell whether the target is of the template; somebody may be called `generate`."""
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), target) is not None


@pytest.mark.conforms("ASVS-4.1.4")
async def test_other_methods_are_refused(desk: Api) -> None:
    """Every path with every method that it has not shows 405 and what it has, to anybody alike;
    no header makes one method into another.
    """
    for path in {one.path for one in ENDPOINTS}:
        target = path.replace("{", "").replace("}", "")
        known = {one.method for one in ENDPOINTS if _fits(one.path, target)}
        for method in set(METHODS) - known:
            for token in ("", desk.token):
                headers = {"X-HTTP-Method-Override": "GET", "X-Method-Override": "GET"}
                reply = await desk.send(method, target, token=token, headers=headers)
                assert (path, method, reply.status) == (path, method, 405)
                assert set(reply.headers["Allow"].split(", ")) == known
                assert method == "HEAD" or reply.slug == "method-not-allowed"


@pytest.mark.parametrize(
    "target", ["/", "/config/", "//config", "/Config", "/api/config", "/config/a/b", "/_sidecar/"]
)
async def test_other_paths_are_not_there(desk: Api, target: str) -> None:
    """A path that is nearly one of ours shows nothing behind it, whatever the method."""
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert (await desk.send(method, target)).told == (404, "not-found")


@pytest.mark.conforms("ASVS-13.4.6", "ASVS-14.3.2", "ASVS-3.4.4")
async def test_every_answer_is_fit_for_the_wire(desk: Api) -> None:
    """Answers of every endpoint, good and bad, and of what is no HTTP, show who asked for nothing
    more than they need: kept by no cache, of one type, with an id, and without names of software.
    """
    for endpoint in ENDPOINTS:
        for token in ("", desk.token):
            reply = await sound(endpoint).send(desk, token=token)
            names = {name.lower() for name in reply.headers}
            assert names.isdisjoint({"server", "set-cookie", "access-control-allow-origin"})
            assert reply.headers["Cache-Control"] in {"no-store", "no-cache"}
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["API-Version"] == "1"
            assert re.fullmatch("[0-9a-f]{16}", reply.headers["X-Request-Id"])
    for head in (b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\x01 HTTP/1.1\r\n\r\n"):
        answered = await desk.wire(head)
        assert answered.told == (400, "malformed-request")
        said = (answered.head + answered.body).lower()
        assert b"aiohttp" not in said
        assert b"python" not in said
