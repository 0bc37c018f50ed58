"""No other origin, and no script of this one, makes our pages do anything (THREATS 40)."""

import re
from urllib.parse import urlencode

import pytest

from sidecar.core.model import SessionId
from tests.visitor import NAVIGATION, Page, Visitor
from tests.wire import tell
from tests.world import ORIGIN, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORM = {
    **NAVIGATION,
    "Sec-Fetch-Site": "same-origin",
    "Origin": ORIGIN,
    "Content-Type": "application/x-www-form-urlencoded",
}
POSTS = (
    "challenge/begin",
    "challenge/answer",
    "enroll/begin",
    "enroll/finish",
    "enroll/kept",
    "logout",
)
MEGABYTE = 1_000_000


async def token_of(browser: Visitor) -> str:
    page = await browser.open("/_sidecar/account")
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None, page.text[:300]
    return found[1]


async def post(browser: Visitor, name: str, body: bytes | str, **changed: str | None) -> Page:
    headers = {**FORM, **{key.replace("_", "-"): value for key, value in changed.items()}}
    sent = {key: value for key, value in headers.items() if value is not None}
    return await browser.send("POST", f"/_sidecar/{name}", headers=sent, data=body)


async def still_in(browser: Visitor) -> bool:
    return (await browser.fetch("/still-in")).status == 200


@pytest.mark.parametrize("name", POSTS)
@pytest.mark.conforms("ASVS-3.5.1")
async def test_form_tokens(place: World, ada: Visitor, name: str) -> None:
    """A missing, wrong or foreign form token shows that nothing is done."""
    other = place.sidecar.flows.kit.tokens.csrf(SessionId("another"))
    mine = await token_of(ada)
    for token in ("", "x", other, mine[:-1], mine + "=", mine.swapcase(), f" {mine}", "é", "\x00"):
        page = await post(ada, name, urlencode({"csrf": token, "factor": "totp"}))
        assert (token, page.status) == (token, 403)
    page = await post(ada, name, urlencode({"factor": "totp"}))
    assert page.status == 403
    assert await still_in(ada)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "https://evil.test",
        "http://app.test",
        "https://app.test:444",
        "https://app.test.evil.test",
        "https://sub.app.test",
        "HTTPS://APP.TEST",
        "https://app.test/",
        "https://app.test, https://app.test",
    ],
)
@pytest.mark.conforms("ASVS-3.5.1")
async def test_origins(ada: Visitor, origin: str | None) -> None:
    """Any Origin but ours, none at all among them, shows that the post is refused."""
    body = urlencode({"csrf": await token_of(ada)})
    page = await post(ada, "logout", body, Origin=origin)
    assert page.status == 403
    assert await still_in(ada)


async def test_doubled_origin(place: World, ada: Visitor) -> None:
    """Two Origin headers show that the post is refused, whichever comes first."""
    body = urlencode({"csrf": await token_of(ada)}).encode()
    jar = "; ".join(f"{name}={value}" for name, value in ada.cookies.items())
    for origins in ((ORIGIN, "https://evil.test"), ("https://evil.test", ORIGIN), (ORIGIN, ORIGIN)):
        fields = [f"Origin: {origin}" for origin in origins]
        fields += [f"{key}: {value}" for key, value in FORM.items() if key != "Origin"]
        answer = await tell(
            place,
            f"Cookie: {jar}",
            *fields,
            method="POST",
            target="/_sidecar/logout",
            body=body,
        )
        assert answer.status == 403
    assert await still_in(ada)


@pytest.mark.threat(39)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", '{"csrf": "%s"}'),
        ("text/plain", "csrf=%s"),
        (
            "multipart/form-data; boundary=x",
            '--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n%s\r\n--x--',
        ),
        ("", "csrf=%s"),
        ("application/x-www-form-urlencoded, text/plain", "csrf=%s"),
        ("application/x-www-form-urlencoded", "csrf=%s&csrf=%s"),
        ("application/x-www-form-urlencoded", "csrf=%s&a=1&a=2"),
        ("application/x-www-form-urlencoded", "csrf=%s&" + "&".join(f"f{n}=1" for n in range(30))),
        ("application/x-www-form-urlencoded", "csrf=%s&a=%%ff%%fe"),
        ("application/x-www-form-urlencoded", "csrf=%s&a=" + "x" * MEGABYTE),
        ("application/x-www-form-urlencoded", "csrf=%s\xe9"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_bodies_that_are_no_form_of_ours(ada: Visitor, kind: str, body: str) -> None:
    """Other media types, doubled fields, floods and a megabyte (THREATS 39) show a plain 400."""
    token = await token_of(ada)
    sent = (body % ((token,) * body.count("%s"))).encode("latin-1")
    page = await post(ada, "logout", sent, Content_Type=kind or None)
    assert page.status == 400
    assert await still_in(ada)


async def test_encoded_form(ada: Visitor) -> None:
    """A compressed form shows that nothing is unpacked."""
    page = await post(ada, "logout", b"\x1f\x8b" + bytes(40), Content_Encoding="gzip")
    assert page.status in {400, 415}
    assert await still_in(ada)


@pytest.mark.threat(66)
@pytest.mark.parametrize("name", POSTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_on_forms(ada: Visitor, name: str, method: str) -> None:
    """Any method but POST (THREATS 66) shows that a form's address does nothing."""
    query = urlencode({"csrf": await token_of(ada), "factor": "totp"})
    page = await ada.send(method, f"/_sidecar/{name}?{query}", headers=FORM)
    # A person who opens the address of a form by hand is led to its page.
    assert page.status in {303, 403, 404, 405}
    assert page.location == "" or page.location.startswith(f"{ORIGIN}/_sidecar/")
    assert await still_in(ada)


@pytest.mark.threat(66)
async def test_overridden_method(ada: Visitor) -> None:
    """A GET that claims to be a POST (THREATS 66) shows that it stays a GET."""
    query = urlencode({"csrf": await token_of(ada), "_method": "POST"})
    headers = {**FORM, "X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
    page = await ada.send("GET", f"/_sidecar/logout?{query}", headers=headers)
    assert (page.status, "Set-Cookie" in page.headers) == (303, False)
    assert await still_in(ada)


async def test_scripts_of_the_application(ada: Visitor) -> None:
    """Posts by fetch, from any mode and site, show that only navigations are served."""
    body = urlencode({"csrf": await token_of(ada)})
    for mode in ("cors", "no-cors", "same-origin", "websocket", "NAVIGATE", "x"):
        page = await post(ada, "logout", body, Sec_Fetch_Mode=mode)
        assert (mode, page.status) == (mode, 403)
    assert await still_in(ada)


async def test_the_right_form_works(place: World) -> None:
    """The untouched form shows that it was not refused for another reason."""
    browser = place.visitor()
    await browser.enroll("grace")
    page = await post(browser, "logout", urlencode({"csrf": await token_of(browser)}))
    assert page.status == 303
    assert not await still_in(browser)
