"""The pages on the way out."""

import pytest

from tests.somebody import COOKIE, somebody
from tests.visitor import NAVIGATION
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_way_on(here: World) -> None:
    """A path of odd characters shows that it comes back whole, on this origin, as link and
    refresh.
    """
    who = await somebody(here, "proven")
    path = "//evil.test/%E4?a=1&b=%3Cx%3E;'"
    here.clock.travel(minutes=10)
    page = await who.visitor.send("GET", f"/pay/x{path}", headers=NAVIGATION)
    assert page.status in {303, 400}
    session = await here.sidecar.flows.sessions.recall(who.visitor.cookies[COOKIE])
    assert session is not None
    sealed = here.sidecar.flows.kit.tokens.seal_next(session.id, path)
    page = await who.get(f"continue?next={sealed}")
    assert f"{here.origin}{path}" in page.links
    assert 'content="0; url=https://app.test//evil.test/' in page.text


async def test_something_that_did_not_arrive(here: World) -> None:
    """After a stopped form the page shows that, and waits for the person."""
    who = await somebody(here, "proven")
    page = await who.get("continue?lost=1")
    assert "What you sent did not arrive" in page.text
    assert 'http-equiv="refresh"' not in page.text


async def test_logout(here: World) -> None:
    """Signing out shows the page that goes on to the application's own sign-out; the old cookie
    opens nothing.
    """
    who = await somebody(here, "proven")
    kept = dict(who.visitor.cookies)
    page = await who.post("logout")
    assert page.location.endswith("/_sidecar/leave")
    assert COOKIE not in who.visitor.cookies
    page = await who.visitor.open(page.location)
    assert "Signing you out" in page.text
    assert f'content="0; url={here.origin}/logout"' in page.text
    who.visitor.cookies = kept
    assert "Confirm it" in (await who.visitor.open("/secret")).text


async def test_logout_twice(here: World) -> None:
    """Signing out of a session that is over shows the same, never an error."""
    who = await somebody(here, "revoked")
    page = await who.visitor.post("/_sidecar/logout", {}, follow=0)
    assert page.location.endswith("/_sidecar/leave")


async def test_an_application_without_sign_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the application has none, signing out shows our own page."""
    changes = {"login": {"page": "/login", "paths": ["/login"]}}
    async with world(tmp_path_factory.mktemp("stay"), changes=changes) as made:
        who = await somebody(made, "proven")
        page = await who.post("logout")
        assert page.location.endswith("/_sidecar/signed-out")
        assert "You’re signed out" in (await who.visitor.open(page.location)).text


async def test_whom_to_ask(here: World) -> None:
    """A person with no method shows whom to ask and no way round; one who has some can go back
    to where they were going.
    """
    lost = await somebody(here, "recovery")
    page = await lost.visitor.open("/secret")
    assert "Ask the desk." in page.text
    assert "I can confirm it’s me after all" not in page.text
    assert "/secret" in page.text
    who = await somebody(here, "pending")
    page = await who.visitor.open("/secret")
    page = await who.visitor.open(next(link for link in page.links if "/recovery" in link))
    back = next(link for link in page.links if "/challenge?next=" in link)
    assert "/secret" in (await who.visitor.open(back)).text
