"""A remembered browser is no second factor for anybody else, and none that is asked afresh.

THREATS 64: a remember-me cookie that bypassed the second factor, and one that outlived a reset.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.model import Person
from tests.visitor import FETCH, NAVIGATION, Page, Visitor
from tests.world import REALM, World, world

pytestmark = pytest.mark.threat(64)
SESSION, TRUSTED = "__Host-sidecar", "__Host-sidecar-trusted"
ON: Mapping[str, Any] = {"trusted_devices": {"enabled": True, "lifetime": "30d"}}
STRONGER = {
    **ON,
    "factors": {
        "totp": {"issuer": "Shop"},
        "key": {"plugin": "tests.stronger:PLUGIN", "issuer": "Shop"},
        "backup_codes": {"count": 10},
    },
    "policy": {
        "default": "two_factor",
        "rules": [
            {"name": "fresh", "path": "/pay/**", "level": "two_factor", "max_age": "365d"},
            {"name": "named", "path": "/named/**", "level": "two_factor", "factors": ["totp"]},
            {"name": "strong", "path": "/strong/**", "level": "phishing_resistant"},
            {"name": "aged", "path": "/aged/**", "level": "one_factor", "max_age": "365d"},
        ],
    },
}


@asynccontextmanager
async def remembered(
    folder: Path, changes: Mapping[str, Any] = ON
) -> AsyncIterator[tuple[World, Visitor]]:
    """Run a sidecar where ada's browser is remembered and in no session."""
    async with world(folder, changes=changes) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        await tick(place, ada)
        yield place, ada


async def tick(place: World, who: Visitor) -> None:
    """Confirm with the box ticked; the session ends."""
    who.cookies.pop(SESSION, None)
    place.clock.travel(seconds=30)
    page = await who.open("/secret")
    await who.submit(page, "challenge/answer", code=who.code(), remember="yes")
    del who.cookies[SESSION]


async def led(who: Visitor, target: str = "/secret") -> str:
    """Open a page; return where that leads: `in`, or the page of ours."""
    page = await who.open(target)
    if "/_sidecar/" in page.url:
        return page.url.partition("/_sidecar/")[2].partition("?")[0]
    return "in" if page.status == 200 else str(page.status)


async def test_a_stolen_cookie_opens_nothing_without_the_login(tmp_path: Path) -> None:
    """The cookie in a browser that is signed in as nobody, or as somebody else, shows the login
    and a challenge; hers works on.
    """
    async with remembered(tmp_path) as (place, ada):
        nobody = place.visitor()
        nobody.cookies[TRUSTED] = ada.cookies[TRUSTED]
        page = await nobody.send("GET", "/secret", headers=NAVIGATION)
        assert page.location.endswith("/login")
        grace = place.visitor()
        await grace.enroll("grace")
        grace.cookies = {"app": grace.cookies["app"], TRUSTED: ada.cookies[TRUSTED]}
        assert await led(grace) == "challenge"
        assert await led(ada) == "in"


async def test_theft_ends_what_the_thief_has(tmp_path: Path) -> None:
    """A cookie that a thief used first shows at its owner's next visit that it was copied: both
    are asked, the thief's session is over, and the trail says so.
    """
    async with remembered(tmp_path) as (place, ada):
        thief = place.visitor()
        thief.cookies = dict(ada.cookies)
        assert await led(thief) == "in"
        place.clock.travel(minutes=1)
        assert await led(ada) == "challenge"
        assert TRUSTED not in ada.cookies
        assert await led(thief) == "challenge"
        async with place.sidecar.store.read() as tx:
            names = [event.name for event in await tx.trail.of(Person(REALM, "ada"), 9)]
        assert "browser.stolen" in names


async def test_an_old_copy_ends_what_its_owner_has(tmp_path: Path) -> None:
    """A copy of an earlier cookie shows that it opens nothing, and that no browser of hers is
    remembered afterwards, not even another one.
    """
    async with remembered(tmp_path) as (place, ada):
        copied = dict(ada.cookies)
        other = place.visitor()
        other.secret = ada.secret
        await other.sign_in("ada")
        await tick(place, other)
        assert await led(ada) == "in"
        place.clock.travel(minutes=1)
        thief = place.visitor()
        thief.cookies = copied
        assert await led(thief) == "challenge"
        assert await led(other) == "challenge"
        assert await led(ada) == "challenge"


async def test_made_up_cookies_never_reach_the_store(tmp_path: Path) -> None:
    """Forged, cut, doubled and re-coded cookies show a challenge, and nothing in the trail."""
    async with remembered(tmp_path) as (_place, ada):
        real = ada.cookies[TRUSTED]
        raw = base64.urlsafe_b64decode(real)
        forged = [
            b"",
            raw[:-1],
            raw[:64],
            raw + b"\0",
            bytes(96),
            raw[32:64] + raw[:32] + raw[64:],
            raw[:63] + bytes([raw[63] ^ 1]) + raw[64:],
            bytes([raw[0] ^ 1]) + raw[1:],
            raw[:95] + bytes([raw[95] ^ 128]),
        ]
        values = [base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in forged]
        for value in (*values, real + "=", real + "A", real.swapcase(), f'"{real}"', "x" * 4000):
            sent = f"app={ada.cookies['app']}; {TRUSTED}={value}"
            page = await ada.send("GET", "/secret", headers=NAVIGATION, cookies=sent)
            assert "/_sidecar/challenge?" in page.location, value
        doubled = f"app={ada.cookies['app']}; {TRUSTED}={real}; {TRUSTED}={real}"
        page = await ada.send("GET", "/secret", headers=NAVIGATION, cookies=doubled)
        assert "/_sidecar/challenge?" in page.location


@pytest.mark.conforms("NIST-SB-4", "ASVS-7.5.3")
async def test_no_fresh_or_strong_proof_comes_of_it(tmp_path: Path) -> None:
    """Rules with an age, with named factors and above two factors show a challenge whatever the
    browser is remembered for, before and after it was recognised.
    """
    async with remembered(tmp_path, STRONGER) as (_place, ada):
        asked = {
            "/aged/x": "challenge",
            "/pay/x": "challenge",
            "/named/x": "challenge",
            "/strong/x": "challenge",
        }
        for _ in ("before", "after"):
            assert {target: await led(ada, target) for target in asked} == asked
            assert await led(ada) == "in"
            page = await ada.send("GET", "/pay/x", headers=FETCH)
            assert page.status == 401


@pytest.mark.conforms("NIST-SB-7")
async def test_the_account_is_closed_to_it(tmp_path: Path) -> None:
    """A recognised session shows that the account page, adding, removing and renaming all ask for
    a factor first, and that the challenge is not skipped because a rule would be satisfied.
    """
    async with remembered(tmp_path) as (_place, ada):
        assert await led(ada) == "in"
        for target in ("account", "enroll", "challenge", "challenge?next=x"):
            assert await led(ada, f"/_sidecar/{target}") == "challenge"
        page = await ada.open("/_sidecar/invitation")
        fields = {"csrf": page.form("logout").fields["csrf"], "authenticator": "x", "name": "Mine"}
        page = await ada.post("/_sidecar/account/rename", fields, follow=0)
        assert page.status == 401
        page = await ada.post("/_sidecar/enroll/begin", {**fields, "factor": "totp"}, follow=0)
        assert "/_sidecar/challenge" in page.location


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", FETCH),
        ("POST", FETCH),
        ("GET", {"Accept": "application/json"}),
        ("POST", NAVIGATION),
        ("GET", {**NAVIGATION, "Sec-Fetch-Mode": "no-cors"}),
    ],
)
async def test_programs_are_never_recognised(
    tmp_path: Path, method: str, headers: Mapping[str, str]
) -> None:
    """Requests that open no page show what is missing, no session, and the cookie unused."""
    async with remembered(tmp_path) as (place, ada):
        origin = {"Origin": place.origin} if method == "POST" else {}
        kept = dict(ada.cookies)
        page = await ada.send(method, "/secret", headers={**headers, **origin})
        assert page.status in {401, 303}
        assert "/secret" not in page.location.partition("?")[0]
        assert ada.cookies[TRUSTED] == kept[TRUSTED]
        assert "GET /secret" not in place.application.reached[-1:]
        ada.cookies.pop(SESSION, None)
        assert await led(ada) == "in"


async def test_an_operators_reset_ends_it(tmp_path: Path) -> None:
    """After a reset and a new enrollment the old cookie shows a challenge."""
    async with remembered(tmp_path) as (place, ada):
        old = ada.cookies[TRUSTED]
        await place.reset("ada")
        ada.cookies.pop(SESSION, None)
        assert await led(ada) == "enroll"
        await ada.set_up("ada")
        ada.cookies[TRUSTED] = old
        del ada.cookies[SESSION]
        assert await led(ada) == "challenge"


@pytest.mark.parametrize("profile", ["nist-aal2", "standard"])
async def test_nist_profiles_remember_nothing(tmp_path: Path, profile: str) -> None:
    """A store whose browsers were remembered shows them forgotten where the profile forbids it,
    and recognised where it does not.
    """
    async with remembered(tmp_path, STRONGER) as (place, ada):
        kept, secret, clock = dict(ada.cookies), ada.secret, place.clock
    app = place.application
    changes = {**STRONGER, "profile": profile, "enrollment": {"first": "invited", "hold": "24h"}}
    if profile != "standard":
        changes["trusted_devices"] = {"enabled": False}
    async with world(tmp_path, changes=changes, application=app, clock=clock) as there:
        ada = there.visitor()
        ada.cookies, ada.secret = kept, secret
        assert await led(ada) == ("in" if profile == "standard" else "challenge")


async def test_the_application_never_sees_the_cookie(tmp_path: Path) -> None:
    """What reaches the application shows neither the cookie nor one that looks like it, and its
    own Set-Cookie of that name never arrives.
    """
    async with remembered(tmp_path) as (place, ada):
        ada.cookies["Sidecar_Trusted"] = "x"
        assert await led(ada) == "in"
        sent = json.dumps(place.application.seen[-1].headers)
        assert "trusted" not in sent.lower()


async def test_the_application_is_told_the_truth(tmp_path: Path) -> None:
    """The assertion of a recognised session shows no method, no time and the lowest level; that
    of one which was proven says so.
    """
    async with remembered(tmp_path) as (place, ada):
        assert await led(ada) == "in"
        told = said(place)
        assert (told["acr"], told["amr"], "auth_time" in told) == ("aal1", [], False)
        place.clock.travel(seconds=30)
        page = await ada.open("/pay/x")
        await ada.submit(page, "challenge/answer", code=ada.code())
        await ada.open("/secret")
        told = said(place)
        assert (told["acr"], told["amr"]) == ("aal2", ["otp", "mfa"])


def said(place: World) -> dict[str, Any]:
    """Return the claims of the last request that reached the application."""
    (token,) = place.application.seen[-1].all("X-Sidecar-Assertion")
    middle = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


async def test_signing_in_anew_asks_nothing_more(tmp_path: Path) -> None:
    """Her own sign-out and sign-in shows what remembering is for: no second step, in a session of
    its own; a session of before is of no use to whoever has it.
    """
    async with remembered(tmp_path) as (place, ada):
        assert await led(ada) == "in"
        before = ada.cookies[SESSION]
        await ada.post("/logout", {}, follow=0)
        ada.cookies.pop("app", None)
        await ada.sign_in("ada")
        assert await led(ada) == "in"
        assert ada.cookies[SESSION] != before
        page: Page = await place.visitor().send(
            "GET", "/secret", headers=NAVIGATION, cookies=f"{SESSION}={before}"
        )
        assert page.location.endswith("/login")
