"""Nobody gets to choose, keep, share or make up a session (THREATS 24, 32, 44, 45)."""

import base64
import re
import secrets
from pathlib import Path

import pytest

from tests.visitor import NAVIGATION, Visitor
from tests.wire import tell
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = "__Host-sidecar"


def made_up(real: str) -> list[str]:
    """Return tokens that are no tokens, the worst of them very like a real one."""
    raw = base64.urlsafe_b64decode(real + "=" * (-len(real) % 4))
    pack = [
        b"",
        raw[:-1],
        raw + b"\0",
        raw[:32],
        raw[32:],
        raw[32:] + raw[:32],
        bytes(64),
        raw[:63] + bytes([raw[63] ^ 1]),
        bytes([raw[0] ^ 128]) + raw[1:],
        secrets.token_bytes(64),
    ]
    packed = [base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in pack]
    return [
        *packed,
        real + "=",
        real + "==",
        real[:-1],
        real + "A",
        real[:10] + "." + real[10:],
        real.swapcase(),
        f'"{real}"',
        f"{real}%00",
        "%s" * 10,
        "null",
        "../../etc/passwd",
        "' OR 1=1 --",
        "\xe9\xff",
        "a" * 6000,
        "1",
        "{}",
        "[]",
        real + "," + real,
    ]


@pytest.mark.threat(24)
async def test_malformed_cookies(place: World, ada: Visitor) -> None:
    """Every malformed session cookie (THREATS 24) shows a challenge, never more and never a 5xx."""
    real, app = ada.cookies[NAME], ada.cookies["app"]
    for value in made_up(real):
        for name in (NAME, "__Host-sidecar-known", "__Host-sidecar-lang"):
            answer = await tell(place, f"Cookie: app={app}; {name}={value}", target="/guarded")
            assert (name, value, answer.status) == (name, value, 401)
    assert "GET /guarded" not in place.application.reached


@pytest.mark.parametrize(
    "until", ["9999999999999", "99999999999999999999", "-1", "", "1e9", "٣", "0x10", "1 ", "NaN"]
)
async def test_malformed_known_browser(place: World, ada: Visitor, until: str) -> None:
    """A made-up known-browser cookie shows that it neither counts nor breaks anything."""
    value = until.encode().decode("latin-1")
    fields = [f"Cookie: app={ada.cookies['app']}; __Host-sidecar-known={value}.AAAA"]
    assert (await tell(place, *fields, target="/guarded")).status == 401


@pytest.mark.threat(24)
async def test_doubled_and_tossed_cookies(place: World, ada: Visitor) -> None:
    """Two session cookies (THREATS 24), or ones under names of lesser safety, show: none counts."""
    real, app = ada.cookies[NAME], f"app={ada.cookies['app']}"
    for cookies in (
        f"{app}; {NAME}={real}; {NAME}={real}",
        f"{app}; {NAME}=x; {NAME}={real}",
        f"{app}; {NAME}={real}; {NAME}=",
        f"{app}; sidecar={real}",
        f"{app}; __host-sidecar={real}",
        f"{app}; __Secure-sidecar={real}",
        f"{app}; __Host_sidecar={real}",
        f"{app}; __Host-sidecar-known={real}",
        f'{app}; x="; {NAME}={real}"',
    ):
        answer = await tell(place, f"Cookie: {cookies}", target="/guarded")
        if cookies.startswith(f"{app}; x="):
            assert answer.status == 401
        assert (cookies, answer.status) == (cookies, 401)
    assert (await tell(place, f"Cookie: {app}; {NAME}={real}", target="/once")).status == 200


@pytest.mark.threat(35)
async def test_session_of_another_person(place: World, ada: Visitor, grace: Visitor) -> None:
    """Another person's proven session (THREATS 35) shows that it opens nothing."""
    jar = {"app": grace.cookies["app"], NAME: ada.cookies[NAME]}
    fields = [
        "Cookie: " + "; ".join(f"{name}={value}" for name, value in jar.items()),
        "Sec-Fetch-Site: cross-site",  # or ada's proofs would be dropped for the tests below
    ]
    answer = await tell(place, *fields, target="/guarded")
    assert (answer.status, b"enrollment-required" in answer.body) == (403, True)


@pytest.mark.threat(45)
async def test_ids_of_other_objects(place: World, ada: Visitor) -> None:
    """Challenge ids, form tokens and sealed values (THREATS 45) show that none is a session."""
    page = await ada.open("/_sidecar/account")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf is not None
    tokens = place.sidecar.flows.kit.tokens
    async with place.sidecar.store.read() as tx:
        session = await tx.sessions.get(tokens.session_hash(ada.cookies[NAME]), place.clock())  # type: ignore[arg-type]
    assert session is not None
    for value in (csrf[1], session.id, tokens.seal_next(session.id, "/"), ada.codes[0]):
        fields = [f"Cookie: app={ada.cookies['app']}; {NAME}={value}"]
        assert (await tell(place, *fields, target="/guarded")).status == 401


@pytest.mark.threat(44)
async def test_session_chosen_by_an_attacker(tmp_path: Path) -> None:
    """A pre-set pending session (THREATS 44) shows that its maker gains nothing when it is used."""
    async with world(tmp_path) as place:
        victim, attacker = place.visitor(), place.visitor()
        await victim.enroll("ada")
        await attacker.sign_in("grace")
        await attacker.open("/")
        planted = attacker.cookies[NAME]
        victim.cookies[NAME] = planted
        await victim.confirm("/mine")
        assert victim.cookies[NAME] != planted
        assert (await victim.fetch("/mine")).status == 200
        attacker.cookies["app"] = victim.cookies["app"]  # even with the first factor
        page = await attacker.send("GET", "/x", headers={"Sec-Fetch-Site": "cross-site"})
        assert (page.status, attacker.cookies[NAME]) == (401, planted)


@pytest.mark.conforms("ASVS-7.2.4")
async def test_token_changes_at_elevation(tmp_path: Path) -> None:
    """Every elevation shows a new token; the old one keeps its old proofs, for 30 seconds."""
    async with world(tmp_path) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        ada.cookies.pop(NAME)
        page = await ada.open("/first")
        pending = ada.cookies[NAME]
        place.clock.travel(seconds=30)
        await ada.submit(page, "challenge/answer", code=ada.code())
        proven = ada.cookies[NAME]
        assert proven != pending
        old = {**ada.cookies, NAME: pending}
        assert await status(ada, "/guarded", ada.cookies) == 200
        assert await status(ada, "/guarded", old) == 401
        # A fresher proof: what the token before it could do, it still can for a moment.
        place.clock.travel(minutes=6)
        assert await status(ada, "/pay/x", ada.cookies) == 401
        page = await ada.open("/pay/x")
        place.clock.travel(seconds=30)
        await ada.submit(page, "challenge/answer", code=ada.code())
        before = {**ada.cookies, NAME: proven}
        assert ada.cookies[NAME] != proven
        assert await status(ada, "/pay/x", ada.cookies) == 200
        assert await status(ada, "/pay/x", before) == 401
        assert await status(ada, "/guarded", before) == 200
        place.clock.travel(seconds=31)
        assert await status(ada, "/guarded", before) == 401
        assert await status(ada, "/pay/x", ada.cookies) == 200


async def status(browser: Visitor, target: str, cookies: dict[str, str]) -> int:
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    kept = dict(browser.cookies)
    page = await browser.send("GET", target, headers={"Sec-Fetch-Mode": "cors"}, cookies=jar)
    browser.cookies = kept
    return page.status


@pytest.mark.conforms("ASVS-3.3.1", "ASVS-3.3.2", "ASVS-3.3.4", "ASVS-7.2.3")
async def test_our_cookies_are_closed(place: World) -> None:
    """Our cookies show their attributes: host only, secure, unreadable by scripts, lax."""
    browser = place.visitor()
    await browser.sign_in("ada")
    page = await browser.send("GET", "/x", headers=NAVIGATION)
    line = page.headers["Set-Cookie"]
    name, _, rest = line.partition("=")
    value, *attributes = rest.split("; ")
    assert name == NAME
    assert len(base64.urlsafe_b64decode(value + "==")) == 64
    assert attributes == ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]
