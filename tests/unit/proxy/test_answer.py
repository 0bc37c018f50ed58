"""Twin of sidecar/proxy/answer.py, seen from outside: what people and programs are told."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.decision import Allow
from sidecar.core.model import Identity, Level, Person
from sidecar.core.policy import Effect, Rule
from sidecar.flows.sessions import Sessions
from sidecar.flows.tokens import Tokens
from sidecar.flows.visit import Visit
from sidecar.proxy.answer import Addresses, Answerer, redirect
from tests.conformance.stores import RING
from tests.unit.proxy.requests import arrival
from tests.visitor import NAVIGATION, Page
from tests.world import ORIGIN, REALM, world

RULES = [
    {
        "name": "fresh",
        "path": "/pay/**",
        "level": "two_factor",
        "factors": ["totp"],
        "max_age": "5m",
    },
    {"name": "other", "path": "/other/**", "level": "two_factor", "factors": ["second"]},
    {"name": "never", "path": "/never/**", "level": "deny"},
]
VISIT = Visit(Identity(Person(REALM, "ada"), REALM), None, "r1")
FACTORS = {
    "totp": {"issuer": "Shop"},
    "second": {"plugin": "totp", "issuer": "Other"},
    "backup_codes": {"count": 10},
}
CHANGES = {"policy": {"default": "two_factor", "rules": RULES}, "factors": FACTORS}


def problem(page: Page) -> dict[str, Any]:
    assert page.headers["Content-Type"] == "application/problem+json"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Vary"] == "Cookie, Sec-Fetch-Mode, Accept"
    told: dict[str, Any] = json.loads(page.text)
    assert told.pop("request_id") == page.headers["X-Request-Id"]
    assert told.pop("status") == page.status
    assert told.pop("type").startswith("/_sidecar/problems/")
    assert told.pop("title")
    return told


async def test_programs_of_newcomers(tmp_path: Path) -> None:
    """A program of somebody without a factor shows where one is set up, or why it is refused."""
    async with world(tmp_path, changes=CHANGES) as place:
        browser = place.visitor()
        page = await browser.fetch("/x")
        assert (page.status, problem(page)) == (401, {})
        await browser.sign_in("ada")
        page = await browser.fetch("/x")
        told = {"reason": "never-enrolled", "enroll_url": f"{ORIGIN}/_sidecar/enroll"}
        assert (page.status, problem(page)) == (403, told)
        page = await browser.fetch("/never/x")
        assert (page.status, problem(page)) == (403, {})
        assert "Set-Cookie" not in page.headers


@pytest.mark.conforms("RFC-9470-3")
async def test_programs_that_must_step_up(tmp_path: Path) -> None:
    """A program shows exactly what is missing: level, age, factors, and where to prove it."""
    async with world(tmp_path, changes=CHANGES) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        place.clock.travel(minutes=6)
        page = await ada.fetch("/pay/x", "POST")
        told = {
            "reason": "proof-too-weak-or-old",
            "challenge_url": f"{ORIGIN}/_sidecar/challenge?factors=totp&max_age=300",
            "acr_values": "aal2",
            "factors": ["totp"],
            "max_age": 300,
        }
        assert (page.status, problem(page)) == (401, told)
        assert page.headers["WWW-Authenticate"] == (
            'TwoFactor error="insufficient_user_authentication", acr_values="aal2", max_age="300"'
        )
        page = await ada.fetch("/other/x")
        assert (page.status, problem(page)["reason"]) == (403, "factor-missing")
        await place.sidecar.flows.sessions.end_all(VISIT)
        page = await ada.fetch("/x")
        assert (page.status, problem(page)["reason"]) == (401, "proof-missing")


async def test_programs_that_must_wait(tmp_path: Path) -> None:
    """A program of somebody whose stronger factor is held shows from when it counts."""
    factors = {**FACTORS, "key": {"plugin": "tests.stronger:PLUGIN", "issuer": "Shop"}}
    rules = [{"name": "strong", "path": "/strong/**", "level": "phishing_resistant"}]
    changes = {"factors": factors, "policy": {"default": "two_factor", "rules": rules}}
    async with world(tmp_path, changes=changes) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        page = await ada.fetch("/strong/x")
        assert (page.status, problem(page)["reason"]) == (403, "factor-missing")
        page = await ada.open("/_sidecar/enroll")
        page = await ada.submit(page, "enroll/begin", factor="key")
        place.clock.travel(seconds=30)
        page = await ada.submit(page, "challenge/answer", code=ada.code())
        link = next(link for link in page.links if link.startswith("otpauth:"))
        ada.secret = link.partition("secret=")[2].partition("&")[0]
        await ada.submit(page, "enroll/finish", code=ada.code())
        told = {
            "reason": "factor-held",
            "enroll_url": f"{ORIGIN}/_sidecar/enroll",
            "held_until": (place.clock() + timedelta(hours=24)).isoformat(timespec="seconds"),
        }
        page = await ada.fetch("/strong/x")
        assert (page.status, problem(page)) == (403, told)
        page = await ada.open("/_sidecar/challenge?level=phishing_resistant")
        assert 'value="totp"' in page.text
        assert any("factor=key" in link for link in page.links)
        place.clock.travel(hours=24)
        page = await ada.fetch("/strong/x")
        assert (page.status, problem(page)["reason"]) == (401, "proof-missing")
        page = await ada.open("/strong/x")
        assert ('value="key"' in page.text, 'value="totp"' in page.text) == (True, False)


async def test_people_are_led(tmp_path: Path) -> None:
    """People show that they are led to the page that helps, with the way back and the reason."""
    async with world(tmp_path, changes=CHANGES) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        place.clock.travel(minutes=6)
        page = await ada.send("GET", "/pay/x?a=%2f&b", headers=NAVIGATION)
        assert page.status == 303
        query = page.location.removeprefix(f"{ORIGIN}/_sidecar/challenge?next=").split("&")
        assert query[1:] == ["factors=totp", "max_age=300"]
        assert "Set-Cookie" not in page.headers  # the session that is there goes on
        led = await ada.open(f"/_sidecar/continue?next={query[0]}")
        assert f"{ORIGIN}/pay/x?a=%2f&amp;b" in led.text
        page = await ada.send("GET", "/other/x", headers=NAVIGATION)
        assert page.location.startswith(f"{ORIGIN}/_sidecar/enroll?next=")
        assert page.location.endswith("&factors=second")
        page = await ada.send("GET", "/never/x", headers=NAVIGATION)
        assert (page.status, page.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


async def test_whose_factors_are_gone(tmp_path: Path) -> None:
    """Somebody who had a factor and has none usable shows as in need of recovery, not as new."""
    async with world(tmp_path) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        async with place.sidecar.store.begin() as tx:
            for item in await tx.authenticators.of(VISIT.person):
                await tx.authenticators.move(item, "suspend", place.clock())
        await place.sidecar.flows.sessions.end_all(VISIT)
        page = await ada.fetch("/x")
        told = {"reason": "no-usable-factor", "recovery_url": f"{ORIGIN}/_sidecar/recovery"}
        assert (page.status, problem(page)) == (403, told)
        page = await ada.send("GET", "/x", headers=NAVIGATION)
        assert page.location.startswith(f"{ORIGIN}/_sidecar/recovery?next=")


def test_redirects_are_ascii() -> None:
    """A redirect shows as one line of ASCII that nobody keeps."""
    reply = redirect("https://app.test/é\u2028")
    assert dict(reply.headers)[b"Location"] == b"https://app.test/??"
    assert dict(reply.headers)[b"Cache-Control"] == b"no-store"


async def test_allowed_needs_no_answer() -> None:
    """An allowed request shows that asking for its answer is a mistake of ours."""
    answerer = Answerer(
        lambda *_: (500, (), b""),
        Addresses("/_sidecar/", ""),
        cast("Sessions", None),
        Tokens(RING),
    )
    need = Requirement(Level.TWO_FACTOR, timedelta(minutes=5))
    with pytest.raises(RuntimeError):
        await answerer.answer(Allow(Rule("a", Effect.REQUIRE, need), "x"), arrival(), None)
