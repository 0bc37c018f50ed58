"""Our pages live in the application's origin; its scripts and frames are strangers there."""

import pytest

from sidecar.web.render import POLICY
from tests.visitor import NAVIGATION, Visitor
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = ("account", "challenge", "enroll", "continue", "leave", "recovery", "signed-out")
MODERN = '"Not A(Brand";v="99", "Google Chrome";v="156", "Chromium";v="156"'
STRANGERS = [
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    {"Sec-Fetch-Mode": "same-origin", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Mode": "same-origin", "Sec-Fetch-Dest": "worker"},
    {
        "Sec-Fetch-Mode": "same-origin",
        "Sec-Fetch-Dest": "serviceworker",
        "Service-Worker": "script",
    },
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Service-Worker": "script"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "frame"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "fencedframe"},
    {"Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "websocket"},
    {"Service-Worker": "script"},
]


@pytest.mark.threat(40)
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.conforms("ASVS-3.5.3")
async def test_strangers(ada: Visitor, name: str) -> None:
    """Workers, frames, fetch and sockets (THREATS 40) show that no page of ours is served."""
    for stranger in STRANGERS:
        for site in ("same-origin", "same-site", "cross-site", "none"):
            page = await ada.send(
                "GET", f"/_sidecar/{name}", headers={**stranger, "Sec-Fetch-Site": site}
            )
            assert (stranger, page.status) == (stranger, 403)
            assert "ada@example.com" not in page.text
            assert 'name="csrf"' not in page.text


@pytest.mark.parametrize("name", PAGES)
async def test_people(ada: Visitor, name: str) -> None:
    """Navigations, also through a worker or from an old browser, show that pages are served."""
    through_worker = {**NAVIGATION, "Sec-Fetch-Dest": "empty"}
    old = {"Accept": "text/html", "User-Agent": "old"}
    for headers in (NAVIGATION, through_worker, old):
        page = await ada.send("GET", f"/_sidecar/{name}", headers=headers)
        assert (headers, page.status in {200, 303}) == (headers, True)


@pytest.mark.parametrize("name", [*PAGES, "nowhere", "static/nowhere.css"])
@pytest.mark.conforms("ASVS-3.4.3", "ASVS-3.4.4", "ASVS-3.4.5", "ASVS-3.4.6", "ASVS-3.4.8")
async def test_headers_of_every_page(ada: Visitor, name: str) -> None:
    """Every page, errors among them, shows the headers that keep others out."""
    page = await ada.send("GET", f"/_sidecar/{name}", headers=NAVIGATION)
    got = page.headers
    assert got["Content-Security-Policy"] == POLICY
    assert got["Cross-Origin-Opener-Policy"] == "same-origin"
    assert got["Cross-Origin-Resource-Policy"] == "same-origin"
    assert got["Referrer-Policy"] == "same-origin"
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Strict-Transport-Security"].startswith("max-age=31536000")
    assert got["Cache-Control"] == "no-store"
    assert "Server" not in got
    assert got["X-Request-Id"]


async def test_policy_of_our_pages() -> None:
    """The content policy shows that nothing inline, nothing foreign and no frame is allowed."""
    parts = dict(part.strip().partition(" ")[::2] for part in POLICY.split(";") if part.strip())
    assert parts["default-src"] == "'none'"
    assert parts["frame-ancestors"] == "'none'"
    assert parts["base-uri"] == "'none'"
    assert parts["form-action"] == "'self'"
    assert "unsafe" not in POLICY
    assert "*" not in POLICY


async def test_openers(ada: Visitor) -> None:
    """A browser that knows it shows the opener policy that also cuts same-origin openers."""
    for hints, policy in (
        (MODERN, "noopener-allow-popups"),
        ('"Chromium";v="130"', "same-origin"),
        ('"Chromium";v="99999999999999999999"', "noopener-allow-popups"),
        ('"Chromium";v="x"', "same-origin"),
        ('"Safari";v="26"', "same-origin"),
    ):
        page = await ada.send(
            "GET", "/_sidecar/account", headers={**NAVIGATION, "Sec-CH-UA": hints}
        )
        assert (hints, page.headers["Cross-Origin-Opener-Policy"]) == (hints, policy)


async def test_refusals_name_nobody(place: World, ada: Visitor) -> None:
    """What scripts get to read when refused shows nothing about the person."""
    del place
    page = await ada.fetch("/_sidecar/account")
    assert (page.status, page.headers["Content-Type"]) == (403, "application/problem+json")
    assert "ada" not in page.text
    assert "Access-Control-Allow-Origin" not in page.headers
