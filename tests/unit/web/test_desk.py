"""The desk: forms of the right session, cookies, where pages lead."""

import pytest

from tests.somebody import COOKIE, somebody
from tests.visitor import NAVIGATION
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_form_of_a_session_that_is_over(here: World) -> None:
    """A code sent hours too late shows whose page it was and a link back to where it led."""
    who = await somebody(here, "pending")
    page = await who.visitor.open("/secret?page=2")
    here.clock.travel(hours=2)
    page = await who.visitor.submit(page, "challenge/answer", code=who.visitor.code())
    assert page.status == 410
    assert "/secret?page=2" in page.links
    assert f"{who.name}@example.com" in page.text


@pytest.mark.parametrize(
    "path", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:x", "\x00", ""]
)
async def test_a_link_back_stays_here(here: World, path: str) -> None:
    """THREATS 30: a made-up `next` shows that an error page links to this origin or not at all."""
    who = await somebody(here, "revoked")
    forged = here.sidecar.flows.kit.tokens.seal_next("a-session", path)  # type: ignore[arg-type]
    page = await who.visitor.post("/_sidecar/challenge/answer", {"next": forged}, follow=0)
    assert page.status == 410
    assert all(link.startswith("/_sidecar/") for link in page.links)


async def test_a_form_of_nobody(here: World) -> None:
    """A form sent after the application's sign-in ended shows the way to its login."""
    who = await somebody(here, "pending")
    await who.look()
    del who.visitor.cookies["app"]
    page = await who.visitor.post("/_sidecar/challenge/begin", {"csrf": who.csrf}, follow=0)
    assert page.status == 401
    assert "/login" in page.links


async def test_an_old_tab(here: World) -> None:
    """A form of the session before this one shows "stopped" and a link back to where it led."""
    who = await somebody(here, "pending")
    page = await who.visitor.open("/secret")
    here.clock.travel(hours=2)
    await who.visitor.open("/other")
    page = await who.visitor.submit(page, "challenge/answer", code=who.visitor.code())
    assert page.status == 403
    assert "/secret" in page.links


async def test_a_page_opens_a_pending_session(here: World) -> None:
    """A page opened directly shows one new session, which the next page uses again."""
    who = await somebody(here, "identified")
    assert (await who.get("enroll")).status == 200
    token = who.visitor.cookies[COOKIE]
    assert (await who.get("invitation")).status == 200
    assert who.visitor.cookies[COOKIE] == token


async def test_cookies(here: World) -> None:
    """A proof shows a new session token and a known browser, both out of the reach of scripts."""
    who = await somebody(here, "pending")
    page = await who.visitor.open("/secret")
    here.clock.travel(seconds=30)
    fields = {**page.form("challenge/answer").fields, "code": who.visitor.code()}
    before = who.visitor.cookies[COOKIE]
    page = await who.visitor.post("/_sidecar/challenge/answer", fields, follow=0)
    lines = page.headers.getall("Set-Cookie")
    assert who.visitor.cookies[COOKIE] != before
    assert {line.partition("=")[0] for line in lines} == {COOKIE, f"{COOKIE}-known"}
    for line in lines:
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))


async def test_the_language_is_kept(here: World) -> None:
    """A language chosen by link shows a cookie for later; an unknown one shows none."""
    who = await somebody(here, "proven")
    await who.get("signed-out?lang=xx")
    assert not any("lang" in name for name in who.visitor.cookies)
    await who.get("signed-out?lang=de-AT")
    assert who.visitor.cookies["__Host-sidecar-lang"] == "de"


@pytest.mark.parametrize("forged", ["", "x", "L3NlY3JldA", "A" * 5000])
async def test_a_next_that_we_did_not_seal(here: World, forged: str) -> None:
    """THREATS 30: anything made up shows that the way on is the front page."""
    who = await somebody(here, "proven")
    page = await who.get(f"continue?next={forged}")
    assert f'content="0; url={here.origin}/"' in page.text


async def test_another_sessions_next(here: World) -> None:
    """THREATS 30: a value sealed for somebody else shows that it leads nowhere special."""
    who, other = await somebody(here, "pending"), await somebody(here, "pending")
    page = await other.visitor.send("GET", "/secret?of=other", headers=NAVIGATION)
    sealed = page.location.partition("next=")[2].partition("&")[0]
    page = await who.get(f"continue?next={sealed}")
    assert "of=other" not in page.text


async def test_a_long_path_is_cut(here: World) -> None:
    """A path of many characters shows its beginning on the challenge, and is opened whole."""
    who = await somebody(here, "pending")
    page = await who.visitor.open(f"/{'a' * 100}?x=1")
    assert f"/{'a' * 59}…" in page.text
    here.clock.travel(seconds=30)
    page = await who.visitor.submit(page, "challenge/answer", code=who.visitor.code())
    assert f"url={here.origin}/{'a' * 100}?x=1" in page.text


async def test_without_a_login_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`unidentified: refuse` shows a page that says so instead of a redirect."""
    folder = tmp_path_factory.mktemp("refuse")
    async with world(folder, changes={"unidentified": "refuse"}) as made:
        who = await somebody(made, "anonymous")
        page = await who.get("account")
        assert page.status == 401
        assert "Sign in first" in page.text
        page = await who.visitor.post("/_sidecar/challenge/begin", {}, follow=0)
        assert page.status == 401
