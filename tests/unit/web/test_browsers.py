"""Browsers on the account page: their names, the remembered ones, and forgetting them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sidecar.web.browsers import browser, near
from tests.somebody import COOKIE, Somebody, somebody
from tests.world import World, world

TRUSTED = "__Host-sidecar-trusted"


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X) Safari/604", "Safari · iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:153.0) Firefox/153.0",
            "Firefox · macOS",
        ),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/156.0 Mobile Safari/537.36", "Chrome · Android"),
        ("curl/8.9.1", "curl"),
        ("", "?"),
        ("<script>alert(1)</script>", "?"),
    ],
)
def test_browser(user_agent: str, shown: str) -> None:
    """Each User-Agent shows what a person would call it, and never more of what was sent."""
    assert browser(user_agent) == shown


@pytest.mark.parametrize(
    ("network", "shown"),
    [
        ("192.0.2.0/24", "192.0.2.x"),
        ("2001:db8::/48", "2001:db8::x"),
        ("", ""),
        ("nowhere", "nowhere"),
    ],
)
def test_near(network: str, shown: str) -> None:
    """A network shows as an address of which the rest is left open, and nothing as nothing."""
    assert near(network) == shown


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    changes = {"trusted_devices": {"enabled": True, "lifetime": "30d"}}
    async with world(tmp_path_factory.mktemp("browsers"), changes=changes) as made:
        yield made


async def remembered(there: World) -> Somebody:
    """Return somebody whose browser is remembered, in a session that they proved."""
    who = await somebody(there, "pending")
    there.clock.travel(seconds=30)
    page = await who.visitor.open("/secret")
    page = await who.visitor.submit(
        page, "challenge/answer", code=who.visitor.code(), remember="yes", follow=0
    )
    assert "/_sidecar/continue" in page.location
    return who


@pytest.mark.asyncio(loop_scope="module")
async def test_a_browser_is_remembered_where_it_is_asked_for(there: World) -> None:
    """A ticked box shows a cookie for the time that is written; an unticked one shows none."""
    who = await remembered(there)
    assert TRUSTED in who.visitor.cookies
    other = await somebody(there, "pending")
    there.clock.travel(seconds=30)
    page = await other.visitor.open("/secret")
    assert "Remember this browser for 30 days" in page.text
    await other.visitor.submit(page, "challenge/answer", code=other.visitor.code())
    assert TRUSTED not in other.visitor.cookies


@pytest.mark.asyncio(loop_scope="module")
async def test_the_cookie_lasts_as_long_as_the_browser_is_remembered(there: World) -> None:
    """The answer to a ticked box shows a cookie that scripts cannot read, for thirty days."""
    who = await somebody(there, "pending")
    there.clock.travel(seconds=30)
    page = await who.visitor.open("/secret")
    form = page.form("challenge/answer")
    fields = {**form.fields, "code": who.visitor.code(), "remember": "yes"}
    page = await who.visitor.post(form.action, fields, follow=0)
    (cookie,) = (line for line in page.headers.getall("Set-Cookie") if line.startswith(TRUSTED))
    rest = cookie.partition(";")[2]
    assert rest == " Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax"


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_not_offered_where_it_would_not_help(there: World) -> None:
    """A page that wants a fresh proof, and one where the factor is a spare code, show no box."""
    who = await somebody(there, "pending")
    page = await who.visitor.open("/pay/x")
    assert "Remember this browser" not in page.text
    page = await who.visitor.open("/_sidecar/challenge?level=phishing_resistant")
    assert "Remember this browser" not in page.text


@pytest.mark.asyncio(loop_scope="module")
async def test_the_account_page_lists_and_forgets(there: World) -> None:
    """The account page shows the browser as this one and what was done; forgetting it shows none,
    and takes its cookie away.
    """
    who = await remembered(there)
    page = await who.visitor.open("/_sidecar/account")
    assert "Browser remembered" in page.text
    assert page.text.count("This browser") == 2
    page = await who.visitor.submit(page, "browsers/forget")
    assert "None. When you confirm" in page.text
    assert TRUSTED not in who.visitor.cookies
    fields = {"browser": "unknown"}
    for sent, status in ((fields, 404), ({}, 404)):
        assert (await who.post("account/browsers/forget", **sent)).status == status


@pytest.mark.asyncio(loop_scope="module")
async def test_another_browser_is_forgotten_without_losing_ones_own(there: World) -> None:
    """Two remembered browsers show that forgetting the other keeps this one's cookie, and that
    forgetting all drops it.
    """
    who = await remembered(there)
    elsewhere = Somebody(there, there.visitor(), who.name)
    elsewhere.visitor.secret = who.visitor.secret
    elsewhere.visitor.cookies["app"] = who.visitor.cookies["app"]
    there.clock.travel(seconds=30)
    page = await elsewhere.visitor.open("/secret")
    await elsewhere.visitor.submit(
        page, "challenge/answer", code=elsewhere.visitor.code(), remember="yes"
    )
    async with there.sidecar.store.read() as tx:
        both = await tx.trusted.of(who.person, there.clock())
    theirs = next(item for item in both if item.created_at == there.clock())
    page = await who.post("account/browsers/forget", browser=theirs.id)
    assert page.location.endswith("account?done=browser-forgotten")
    assert TRUSTED in who.visitor.cookies
    page = await who.post("account/browsers/forget-all")
    assert page.location.endswith("account?done=browsers-forgotten")
    assert TRUSTED not in who.visitor.cookies


@pytest.mark.conforms("ASVS-7.4.3")
@pytest.mark.asyncio(loop_scope="module")
async def test_signing_out_everywhere_forgets(there: World) -> None:
    """Signing out everywhere shows that this browser has nothing left to be recognised by."""
    who = await remembered(there)
    await who.post("account/sessions/end-all")
    assert {TRUSTED, COOKIE}.isdisjoint(who.visitor.cookies)
    async with there.sidecar.store.read() as tx:
        assert await tx.trusted.of(who.person, there.clock()) == ()


@pytest.mark.asyncio(loop_scope="module")
async def test_off_means_off(here: World) -> None:
    """Without the setting, a ticked box of one's own making shows no cookie and no section."""
    who = await somebody(here, "pending")
    here.clock.travel(seconds=30)
    page = await who.visitor.open("/secret")
    assert "Remember this browser" not in page.text
    await who.visitor.submit(page, "challenge/answer", code=who.visitor.code(), remember="yes")
    assert TRUSTED not in who.visitor.cookies
    assert "Remembered browsers" not in (await who.get("account")).text


@pytest.mark.asyncio(loop_scope="module")
async def test_a_remembered_browser_is_told_why_it_is_asked(there: World) -> None:
    """A page that a remembered browser does not open shows that it is known and why that is not
    enough; and nobody is asked once more to have it remembered.
    """
    who = await remembered(there)
    there.clock.travel(days=1)
    who.visitor.cookies.pop(COOKIE)
    assert "Confirm it" not in (await who.visitor.open("/secret")).text
    page = await who.visitor.open("/pay/x")
    assert "This browser is remembered, but that is not enough for" in page.text
    page = await who.visitor.open("/_sidecar/challenge")
    assert "This browser is remembered, but that is not enough here." in page.text
    assert "Remember this browser" not in page.text
