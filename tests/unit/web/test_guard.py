"""Who may reach our pages, and which forms are read."""

import warnings
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from sidecar.core.errors import CrossSiteRefused
from sidecar.flows.visit import CALLER, Caller
from sidecar.web.guard import MAX_FORM_BYTES, caller_of, page_headers, refuse_strangers
from tests.somebody import somebody
from tests.visitor import NAVIGATION, Page
from tests.world import World

ORIGIN = "https://app.test"


def asking(method: str = "GET", **headers: str) -> web.Request:
    """Return a request as the pipeline hands it over."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = make_mocked_request(method, "/_sidecar/account", headers=named)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", web.NotAppKeyWarning)  # once a process
        request[CALLER] = Caller(None, ORIGIN, "r1", navigation=True)
    return request


@pytest.mark.conforms("ASVS-3.5.3", "ASVS-3.5.8")
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Mode": "cors"},
        {"Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Mode": "same-origin", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Mode": "websocket"},
        {"Sec_Fetch_Mode": "Navigate"},
        {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
        {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "object"},
        {"Sec_Fetch_Dest": "embed"},
        {"Service_Worker": "script"},
    ],
)
def test_strangers(headers: dict[str, str]) -> None:
    """THREATS 31: a script, a frame and a worker show that no page is for them."""
    with pytest.raises(CrossSiteRefused):
        refuse_strangers(asking(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"},
        {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_people(headers: dict[str, str]) -> None:
    """A navigation, also behind a service worker or from a link elsewhere, shows that it passes."""
    refuse_strangers(asking(**headers))


@pytest.mark.parametrize(
    "origin", ["", "null", "https://evil.test", "http://app.test", f"{ORIGIN}/"]
)
def test_forms_of_others(origin: str) -> None:
    """THREATS 32: a post shows that it needs exactly our own origin."""
    headers = {"Origin": origin} if origin else {}
    with pytest.raises(CrossSiteRefused):
        refuse_strangers(asking("POST", **headers))
    refuse_strangers(asking("POST", Origin=ORIGIN))


def test_past_the_pipeline() -> None:
    """A request without its caller shows that no page guesses who it is."""
    with pytest.raises(RuntimeError):
        caller_of(make_mocked_request("GET", "/_sidecar/account"))
    fake = cast("web.Request", SimpleNamespace(get=lambda _: "somebody"))
    with pytest.raises(RuntimeError):
        caller_of(fake)


@pytest.mark.parametrize(
    ("hints", "opener"),
    [
        ('"Chromium";v="156", "Not_A Brand";v="8"', "noopener-allow-popups"),
        ('"Google Chrome";v="131"', "noopener-allow-popups"),
        ('"Chromium";v="130"', "same-origin"),
        ("", "same-origin"),
        ('"Chromium";v="x"', "same-origin"),
    ],
)
def test_opener(hints: str, opener: str) -> None:
    """Each browser shows the strictest opener policy that it understands."""
    assert page_headers(secure=True, hints=hints)["Cross-Origin-Opener-Policy"] == opener


def test_transport_security_is_for_https() -> None:
    """A plain origin shows no promise that it cannot keep."""
    assert "Strict-Transport-Security" not in page_headers(secure=False)


FORM = "application/x-www-form-urlencoded"


@pytest.mark.conforms("ASVS-4.1.1", "ASVS-5.2.1")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"code": "123456"}'),
        ("text/plain", b"csrf=x"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("", b"csrf=x"),
        (FORM, b"code=1&code=2"),
        (FORM, b"code=%ff"),
        (FORM, "code=ä".encode()),
        (FORM, b"a&" * 30),
        (FORM, b"code=" + b"1" * (MAX_FORM_BYTES + 1)),
        (FORM, b"code=" + b"1" * 1_000_000),
    ],
)
async def test_unreadable_forms(here: World, kind: str, body: bytes) -> None:
    """Each odd body shows a clear error, and that the session and the next form still work."""
    who = await somebody(here, "pending")
    headers = {**NAVIGATION, "Origin": here.origin, "Content-Type": kind}
    page: Page = await who.visitor.send(
        "POST", "/_sidecar/challenge/answer", headers=headers, data=body
    )
    assert page.status == 400
    assert "That request was not clear" in page.text
    assert (await who.post("challenge/begin", factor="totp")).status == 303


@pytest.mark.asyncio(loop_scope="module")
async def test_an_encoded_form(here: World) -> None:
    """A packed form shows that it is not unpacked (a bomb would be)."""
    who = await somebody(here, "pending")
    headers = {**NAVIGATION, "Origin": here.origin, "Content-Type": FORM, "Content-Encoding": "br"}
    page = await who.visitor.send("POST", "/_sidecar/logout", headers=headers, data=b"csrf=x")
    assert page.status == 400
