"""What becomes of nobody: redirected, refused, or passed on without anything to be known by."""

import secrets
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import web

from tests.application import Application
from tests.visitor import FETCH, NAVIGATION, Visitor
from tests.wire import tell
from tests.world import ASKING, ORIGIN, World, world

FORM = {**NAVIGATION, "Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}


class Careful(Application):
    """Its login form carries a token that must fit a cookie from before the login."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        before = request.cookies.get("before", "")
        path = request.raw_path.partition("?")[0]
        if path == "/login" and request.method == "GET":
            fresh = secrets.token_hex(8)
            response = web.Response(text=f'<input name="token" value="{fresh}">')
            response.set_cookie("before", fresh)
            return response
        if path == "/login" and request.method == "POST":
            sent = (await request.read()).decode()
            if not before or f"token={before}" not in sent:
                return web.Response(status=419, text="token does not fit")
        return await super().handle(request)


async def sign_in(browser: Visitor) -> int:
    page = await browser.send("GET", "/login", headers=NAVIGATION)
    token = page.text.partition('value="')[2].partition('"')[0]
    fields = {"user": "ada", "password": "lovelace", "token": token}
    page = await browser.send("POST", "/login", headers=FORM, data=urlencode(fields))
    return page.status


@pytest.mark.parametrize("setting", ["redirect", "refuse", "pass"])
async def test_login_form_with_its_own_token(tmp_path: Path, setting: str) -> None:
    """A login form with token and cookie shows that people can sign in under each setting."""
    behind = Careful()
    async with world(tmp_path, application=behind, changes={"unidentified": setting}) as place:
        browser = place.visitor()
        assert await sign_in(browser) == 303
        assert (await browser.fetch("/guarded")).status == 403  # known now, and has no factor
        for credential in ("Authorization: Bearer x", "X-API-Key: x"):
            answer = await tell(place, credential, target="/login")
            assert answer.status == 200


async def test_redirected(tmp_path: Path) -> None:
    """`redirect` shows that people go to the login and programs get a 401 that names no page."""
    async with world(tmp_path) as place:
        browser = place.visitor()
        for method in ("GET", "HEAD", "POST"):
            page = await browser.send(method, "/x", headers={**NAVIGATION, "Origin": ORIGIN})
            assert (page.status, page.location) == (303, f"{ORIGIN}/login")
            assert "Set-Cookie" not in page.headers
        await refused(place, browser)


async def test_refused(tmp_path: Path) -> None:
    """`refuse` shows that nobody is redirected, and that nothing reaches the application."""
    changes = {"unidentified": "refuse", "login": {}}
    async with world(tmp_path, changes=changes) as place:
        browser = place.visitor()
        page = await browser.send("GET", "/x", headers=NAVIGATION)
        assert (page.status, page.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
        assert page.headers["WWW-Authenticate"].startswith("TwoFactor ")
        await refused(place, browser)


async def refused(place: World, browser: Visitor) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"):
        page = await browser.send(method, "/x", headers=FETCH)
        assert (page.status, page.location) == (401, "")
        assert page.headers["Content-Type"] == "application/problem+json"
        assert page.headers["WWW-Authenticate"].startswith("TwoFactor ")
        assert page.headers["Cache-Control"] == "no-store"
    assert place.application.reached == []


async def test_passed_without_any_credential(tmp_path: Path) -> None:
    """`pass` shows that what goes on carries nothing by which anybody could be known."""
    credentials = {"headers": ["Authorization", "X-API-Key"], "query": ["api_key"]}
    changes = {
        "unidentified": "pass",
        "identity": {"app_login": {**ASKING, "credentials": credentials}},
        "credential_carriers": {"headers": ["X-Token"], "query": ["token"]},
    }
    async with world(tmp_path, changes=changes) as place:
        carriers = [
            "Cookie: app=stale; a=1",
            "cookie: other=1",
            "Cookie: __Host-sidecar=x",
            "X_Token: x",
            "Cookie_: app=x",
        ]
        answer = await tell(place, *carriers, target="/passed?a=1")
        assert (answer.status, answer.body) == (200, b"application: /passed for nobody")
        seen = place.application.seen[-1]
        assert [
            name
            for name, _ in seen.headers
            if name.lower() not in {"host", "via"} and not name.startswith("X-Forwarded")
        ] == []
        for fields, query, status in (
            ([], "?api_key=", 401),
            ([], "?API.key=x", 401),
            ([], "?token=x", 401),
            (["X-Token: x"], "", 401),
            (["Authorization: Bearer ada"], "", 403),
        ):
            answer = await tell(place, *fields, target=f"/passed{query}")
            assert (fields, query, answer.status) == (fields, query, status)


async def test_passed_is_still_judged(tmp_path: Path) -> None:
    """`pass` shows that whoever is known still needs the factor, and that denied stays denied."""
    async with world(tmp_path, changes={"unidentified": "pass"}) as place:
        browser = place.visitor()
        assert (await browser.fetch("/x")).status == 200
        assert (await browser.fetch("/never/x")).status == 403
        await browser.sign_in("ada")
        assert (await browser.fetch("/x")).status == 403
        assert place.application.reached.count("GET /x") == 1
        assert "X-Sidecar" not in str(place.application.seen)


@pytest.mark.parametrize("setting", ["redirect", "refuse", "pass"])
async def test_failing_to_know_is_not_nobody(tmp_path: Path, setting: str) -> None:
    """An application that cannot tell who it is (promise 2) shows 503, under each setting."""

    class Failing(Application):
        status = 500

        async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
            if request.raw_path == "/whoami":
                return web.Response(status=self.status, text="<html>", content_type="text/html")
            return await super().handle(request)

    behind = Failing()
    async with world(tmp_path, application=behind, changes={"unidentified": setting}) as place:
        browser = place.visitor()
        for behind.status in (500, 200, 204, 418):
            for headers in (NAVIGATION, FETCH):
                page = await browser.send("GET", "/x", headers=headers, cookies="app=1")
                assert (page.status, page.headers["Retry-After"]) == (503, "5")
            ours = "/_sidecar/account"
            page = await browser.send("GET", ours, headers=NAVIGATION, cookies="app=1")
            assert page.status == 503
        assert place.application.reached == []


async def test_failure_keeps_proofs(tmp_path: Path) -> None:
    """An outage of the application's who-am-I shows that nobody loses what was proven."""
    async with world(tmp_path) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        place.application.down = True
        place.clock.travel(seconds=40)
        assert (await ada.fetch("/x")).status == 503
        place.application.down = False
        assert (await ada.fetch("/x")).status == 200
