"""Two names are two people, and one person's name is never another's (THREATS 26, 55)."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.application import Application
from tests.visitor import FETCH, Visitor
from tests.wire import tell
from tests.world import ASKING, World, world


class Naming(Application):
    """Answers the question who it is with whatever a test puts there."""

    def __init__(self) -> None:
        super().__init__()
        self.told: Any = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.raw_path == "/whoami" and self.told is not None:
            return web.Response(
                text=json.dumps({"user": {"id": self.told}}), content_type="application/json"
            )
        return await super().handle(request)


REFUSED = [
    "",
    "\ufb01sh",  # NFKC: fish
    "\u212bngstrom",  # NFKC: Å
    "\uff41da",  # full width a
    "a\u0301da",  # NFD
    "ada\u200b",
    "a\u00adda",
    "\u202eada",
    "ada\u2066",
    "\ufeffada",
    "ada\x00",
    "ada\n",
    "a\tda",
    "ada\x7f",
    "ada\u2028",
    "a" * 256,
    "\u00e4" * 128,
    "\ud800",
    True,
    False,
    1.5,
    [],
    ["ada"],
    {},
    {"id": "ada"},
]
TAKEN = ["a" * 255, "\u00e4" * 127, "ADA", " ada", "ada ", "a@b@c", "a:b", 0, 7, "\u0430da", "'--"]


async def status(browser: Visitor, cookie: str) -> int:
    return (await browser.send("GET", "/x", headers=FETCH, cookies=f"app={cookie}")).status


@pytest.mark.threat(26)
async def test_names_that_could_be_another(tmp_path: Path) -> None:
    """Names that look like, fold to or hide in another (THREATS 26) show 503, never a person."""
    behind = Naming()
    async with world(tmp_path, application=behind) as place:
        browser = place.visitor()
        for turn, behind.told in enumerate(REFUSED):
            assert (behind.told, await status(browser, str(turn))) == (behind.told, 503)
        for turn, behind.told in enumerate(TAKEN):
            assert (behind.told, await status(browser, f"x{turn}")) == (behind.told, 403)
        assert place.application.reached == []


async def test_names_in_headers(tmp_path: Path) -> None:
    """Any name shows as one line of plain ASCII to the application, and as itself in the claims."""
    behind = Naming()
    names = [*TAKEN, "a\r\nX-Evil: 1".replace("\r\n", " "), "a,b", "a;b", "%41da", "日本"]
    async with world(tmp_path, application=behind) as place:
        seen = set()
        for turn, behind.told in enumerate(names):
            fields = [f"Cookie: app=n{turn}"]
            assert (await tell(place, *fields, target="/easy/x")).status == 200
            [subject] = behind.seen[-1].all("X-Sidecar-Subject")
            assert subject.isascii()
            assert subject.isprintable()
            assert "," not in subject
            seen.add(subject)
        assert len(seen) == len(names)


async def test_case_is_kept(tmp_path: Path) -> None:
    """`ada` and `ADA` show two people: the second one has no factor, and none of the first's."""
    behind = Naming()
    async with world(tmp_path, application=behind) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        behind.told = "ADA"
        place.clock.travel(seconds=31)
        assert (await ada.fetch("/x")).status == 403


async def test_folded_where_the_application_folds(tmp_path: Path) -> None:
    """With `normalize`, spellings of one name show one person with one set of factors."""
    behind = Naming()
    changes = {"identity": {"app_login": {**ASKING, "normalize": ["nfkc", "casefold"]}}}
    async with world(tmp_path, application=behind, changes=changes) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        for behind.told in ("ADA", "\uff21da", "Ada"):
            place.clock.travel(seconds=31)
            assert (behind.told, (await ada.fetch("/x")).status) == (behind.told, 200)


def two_realms() -> dict[str, Any]:
    sso = {"plugin": "forwarded_header", "from": ["127.0.0.1/32"], "header": "X-SSO-User"}
    return {"identity": {"app_login": dict(ASKING), "sso": sso}}


async def test_same_subject_of_two_realms(tmp_path: Path) -> None:
    """User `ada` of one realm at the other shows two people: not one proof crosses over."""
    async with world(tmp_path, changes=two_realms()) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        ours = "; ".join(f"{k}={v}" for k, v in ada.cookies.items() if k != "app")
        fields = ["X-SSO-User: ada", f"Cookie: {ours}", "Sec-Fetch-Site: cross-site"]
        answer = await tell(place, *fields, target="/x")
        assert (answer.status, b"enrollment-required" in answer.body) == (403, True)
        assert (await ada.fetch("/x")).status == 200
        await tell(place, "X-SSO-User: ada", target="/easy/x")
        claims = await claims_of(place)
        assert (claims["sub"], claims["realm"]) == ("ada", "sso")


async def claims_of(place: World) -> dict[str, Any]:
    [token] = place.application.seen[-1].all("X-Sidecar-Assertion")
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@pytest.mark.parametrize("realm", ["a:b", "a/b", "", "a b", "ä"])
async def test_realms_cannot_run_into_subjects(tmp_path: Path, realm: str) -> None:
    """A realm with a separator in its name shows that the configuration is refused."""
    changes = {"identity": {"app_login": {**ASKING, "realm": realm}}}
    with pytest.raises(Exception, match="realm"):
        async with world(tmp_path, changes=changes):
            pass
