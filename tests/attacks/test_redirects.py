"""Nothing that a client writes decides where a browser is sent (THREATS 28-31)."""

import html
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest

from sidecar.core.model import SessionId
from tests.visitor import NAVIGATION, Page, Visitor
from tests.wire import tell
from tests.world import ORIGIN, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

CORPUS = Path(__file__).parent.parent / "data" / "hostile_next.txt"
VALUES = [
    line.encode("ascii").decode("unicode_escape")
    for line in CORPUS.read_text("ascii").split("\n")[4:-1]
]
REFRESH = re.compile(r'http-equiv="refresh" content="\d+; url=([^"]*)"')
LINK = re.compile(r'href="([^"]*)"')


def leads(page: Page) -> list[str]:
    """Return every address the page leads to by itself or by a link, as a browser reads it."""
    found = [*REFRESH.findall(page.text), *LINK.findall(page.text)]
    return [html.unescape(url) for url in found] + ([page.location] if page.location else [])


def stays(url: str) -> bool:
    """Whether a browser at our origin stays there (WHATWG URL, over-cautiously)."""
    if url.startswith(f"{ORIGIN}/"):
        return urlsplit(url).netloc == "app.test" and "\\" not in url
    return re.match(r"/(?![/\\])[!-~]*\Z", url) is not None and "\\" not in url


def forgeries(value: str, real: str) -> list[str]:
    """Return the value as it is, and dressed up as one of our seals."""
    raw = value.encode("utf-8", "surrogatepass")
    tag = urlsafe_b64decode(real + "=" * (-len(real) % 4))[:32]
    packed = [raw, bytes(32) + raw, tag + raw]
    return [value, *(urlsafe_b64encode(one).rstrip(b"=").decode() for one in packed)]


async def test_corpus_is_large() -> None:
    """The corpus shows that it has several hundred values, and that none of them stays here."""
    assert len(VALUES) == len(set(VALUES)) > 500


async def test_forged_seals(place: World, ada: Visitor) -> None:
    """Every hostile value, dressed up as a seal of ours, shows that none opens."""
    session, tokens = await session_of(place, ada), place.sidecar.flows.kit.tokens
    real = tokens.seal_next(session, "/real")
    assert tokens.open_next(session, real) == "/real"
    for value in VALUES:
        for forged in forgeries(value, real):
            assert (forged, tokens.open_next(session, forged)) == (forged, None)


async def test_hostile_next(place: World, ada: Visitor) -> None:
    """Every hostile value as `next` shows that the page leads to `/`, as for no value at all."""
    real = place.sidecar.flows.kit.tokens.seal_next(await session_of(place, ada), "/real")
    assert f"{ORIGIN}/real" in leads(await ada.open(f"/_sidecar/continue?next={real}"))
    for value in VALUES:
        sent = quote(value[:2000].encode("utf-8", "surrogatepass"), safe="")
        page = await ada.send("GET", f"/_sidecar/continue?next={sent}", headers=NAVIGATION)
        assert (value, page.status) == (value, 200)
        assert (value, REFRESH.findall(page.text)) == (value, [f"{ORIGIN}/"])
        assert (value, [url for url in leads(page) if not stays(url)]) == (value, [])


async def session_of(place: World, browser: Visitor) -> SessionId:
    tokens = place.sidecar.flows.kit.tokens
    hashed = tokens.session_hash(browser.cookies["__Host-sidecar"])
    assert hashed is not None
    async with place.sidecar.store.read() as tx:
        session = await tx.sessions.get(hashed, place.clock())
    assert session is not None
    return session.id


async def test_hostile_original_paths(place: World, grace: Visitor) -> None:
    """Every hostile value as the path itself shows that people come back to this origin only."""
    led = 0
    for value in VALUES:
        target = value if value.startswith("/") else f"/{value}"
        raw = target.encode("utf-8", "surrogatepass")[:4000].decode("latin-1")
        raw = raw.replace("\r", "%0d").replace("\n", "%0a")
        jar = "; ".join(f"{name}={text}" for name, text in grace.cookies.items())
        fields = [f"{name}: {text}" for name, text in NAVIGATION.items()]
        answer = await tell(place, f"Cookie: {jar}", *fields, target=raw)
        assert (value, answer.status) in {(value, 303), (value, 400), (value, 200), (value, 404)}
        for location in answer.all("Location"):
            assert location.startswith(f"{ORIGIN}/_sidecar/".encode())
            if b"?next=" not in location:
                continue  # an address of our own pages
            kept = [line for line in answer.all("Set-Cookie") if b"sidecar=" in line]
            if kept:
                token = kept[0].partition(b"=")[2].partition(b";")[0].decode()
                grace.cookies["__Host-sidecar"] = token
            sent = location.decode().partition("next=")[2]
            page = await grace.send("GET", f"/_sidecar/continue?next={sent}", headers=NAVIGATION)
            assert (value, [url for url in leads(page) if not stays(url)]) == (value, [])
            led += 1
    assert led > 100


async def test_seal_of_another_session(place: World, ada: Visitor, grace: Visitor) -> None:
    """A value that we sealed for somebody else shows that it is worth nothing here."""
    value = place.sidecar.flows.kit.tokens.seal_next(await session_of(place, ada), "/of-ada")
    page = await grace.open(f"/_sidecar/continue?next={value}")
    assert f"{ORIGIN}/of-ada" not in leads(page)


async def test_every_page_that_takes_next(ada: Visitor) -> None:
    """`next`, `rd` and `lang` on every page show that none of them leads away."""
    for name in ("challenge", "enroll", "account", "recovery", "continue", "leave", "signed-out"):
        for value in ("https://evil.test/", "//evil.test", "javascript:alert(1)", "/\\evil.test"):
            query = urlencode({"next": value, "rd": value, "url": value, "lang": value})
            page = await ada.send("GET", f"/_sidecar/{name}?{query}", headers=NAVIGATION)
            assert (name, [url for url in leads(page) if not stays(url)]) == (name, [])
            assert "alert(1)<" not in page.text


async def test_application_that_redirects_off_site(ada: Visitor) -> None:
    """A post whose answer leads elsewhere shows that our pages never post towards it."""
    page = await ada.post("/away", {"a": "1"}, follow=0)
    assert (page.status, page.location) == (303, "https://elsewhere.test/")
    shown = await ada.open("/_sidecar/account")
    policy = shown.headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    for form in re.findall(r'<form[^>]*action="([^"]*)"', shown.text):
        assert stays(html.unescape(form))


async def test_post_that_was_stopped(place: World, grace: Visitor) -> None:
    """A stopped post shows that its page comes back by a Referer of this origin only."""
    for referer, path in (
        (f"{ORIGIN}/form?a=1", "/form?a=1"),
        (f"{ORIGIN}//evil.test/x", "//evil.test/x"),
        ("https://evil.test/form", "/"),
        ("https://app.test.evil.test/form", "/"),
        ("https://app.test@evil.test/form", "/"),
        ("https://user@app.test/form", "/"),
        ("http://app.test/form", "/"),
        ("https://[/form", "/"),
        ("//app.test/form", "/"),
        ("", "/"),
    ):
        headers = {**NAVIGATION, "Referer": referer, "Origin": ORIGIN}
        page = await grace.send("POST", "/sent", headers=headers, data="a=1")
        assert (page.status, "lost=1" in page.location) == (303, True)
        value = page.location.partition("next=")[2].partition("&")[0]
        session = await session_of(place, grace)
        opened = place.sidecar.flows.kit.tokens.open_next(session, value)
        assert (referer, opened) == (referer, path)
    assert "POST /sent" not in place.application.reached
