"""The challenge pages: asked, answered, closed, and the acts that a proof was given for."""

import pytest

from sidecar.flows.admission import adding
from sidecar.flows.manage import removing
from tests.somebody import Somebody, somebody
from tests.visitor import Page
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def answer(who: Somebody, page: Page, code: str) -> Page:
    """Answer the challenge on the page; the redirect is not followed."""
    fields = {**page.form("challenge/answer").fields, "code": code}
    return await who.visitor.post("/_sidecar/challenge/answer", fields, follow=0)


async def prove(who: Somebody, page: Page) -> Page:
    who.world.clock.travel(seconds=30)
    return await answer(who, page, who.visitor.code())


async def authenticator(who: Somebody) -> str:
    async with who.world.sidecar.store.read() as tx:
        return (await tx.authenticators.of(who.person))[0].id


@pytest.mark.parametrize(
    "code", ["", "1", "abcdef", "{}", "[]", "1" * 4097, "１２３４５６", "12345\x00", "0x1F40"]
)
async def test_odd_codes(here: World, code: str) -> None:
    """Each odd code shows an error page that asks again, and opens nothing."""
    who = await somebody(here, "pending")
    page = await answer(who, await who.visitor.open("/secret"), code)
    assert page.status == 422
    assert 'role="alert"' in page.text
    assert page.form("challenge/answer").fields["factor"] == "totp"
    assert (await who.visitor.open("/secret")).status == 200
    assert "GET /secret" not in here.application.reached[-1:]


async def test_the_need_goes_through_every_page(here: World) -> None:
    """A stopped form under a strict rule shows what it asked for on the page after each step."""
    who = await somebody(here, "old")
    page = await who.visitor.post("/pay/x", {"sum": "1"})
    assert "What you sent did not arrive" in page.text
    for _ in range(2):
        assert page.form("challenge/answer").fields["max_age"] == "300"
        assert page.form("challenge/answer").fields["lost"] == "1"
        page = await answer(who, page, "000 000")
        assert "Your confirmation holds for 5 minutes." in page.text
    page = await who.visitor.submit(page, "challenge/answer", code=who.visitor.code())
    assert "Go back to the page" in page.text


async def test_a_finished_challenge_leads_on(here: World) -> None:
    """A challenge opened again after it was met shows that it leads where it was for."""
    who = await somebody(here, "pending")
    page = await who.visitor.open("/secret")
    again = page.url.partition("/_sidecar/")[2]
    assert (await prove(who, page)).status == 303
    page = await who.get(again)
    assert page.status == 303
    assert "/_sidecar/continue?next=" in page.location
    here.clock.travel(minutes=6)
    assert (await who.get(f"{again}&max_age=300")).status == 200


async def test_a_challenge_of_another_person(here: World) -> None:
    """THREATS 44: another person's challenge id shows the same as one that never was."""
    who, other = await somebody(here, "pending"), await somebody(here, "pending")
    theirs = (await other.post("challenge/begin", factor="totp")).location
    which = theirs.partition("challenge=")[2].partition("&")[0]
    for challenge in (which, "never-was"):
        here.clock.travel(seconds=30)
        page = await who.post(
            "challenge/answer", challenge=challenge, factor="totp", code=who.visitor.code()
        )
        assert page.status == 410
        assert "This took longer than it may" in page.text
        assert (await who.get(f"challenge?challenge={challenge}")).status == 200


async def test_the_one_that_was_chosen(here: World) -> None:
    """THREATS 44: one's own authenticator opens a challenge; another's shows as none at all."""
    who, other = await somebody(here, "pending"), await somebody(here, "pending")
    mine, theirs = await authenticator(who), await authenticator(other)
    page = await who.post("challenge/begin", factor="totp", authenticator=mine)
    assert page.status == 303
    for which in (theirs, "never-was"):
        page = await who.post("challenge/begin", factor="totp", authenticator=which)
        assert page.status == 404


async def test_a_closed_factor(here: World) -> None:
    """Too many tries show until when, a header that says so, and no field to type in."""
    who = await somebody(here, "pending")
    page = await who.visitor.open("/secret")
    for _ in range(5):
        page = await answer(who, page, "000 000")
        assert page.status == 422
    page = await answer(who, page, "000 000")
    assert page.status == 429
    assert int(page.headers["Retry-After"]) > 0
    assert "Too many tries. Try again in" in page.text
    assert 'name="code"' not in page.text
    assert (await prove(who, await who.visitor.open("/secret"))).status == 429


async def test_the_last_factor_is_lost_while_asked(here: World) -> None:
    """An answer after every method was disabled shows whom to ask, and never a new beginning."""
    who = await somebody(here, "pending")
    page = await who.visitor.open("/secret")
    async with here.sidecar.store.begin() as tx:
        for item in await tx.authenticators.of(who.person):
            await tx.authenticators.move(item, "disable", here.clock())
    fields = {**page.form("challenge/answer").fields, "challenge": "x", "code": "000 000"}
    page = await who.visitor.post("/_sidecar/challenge/answer", fields, follow=0)
    assert page.status == 403
    assert "You need help to get in" in page.text


async def test_adding_asks_for_its_own_proof(here: World) -> None:
    """One more app shows that a proof for exactly that comes first, then its key."""
    who = await somebody(here, "proven")
    page = await who.visitor.open("/_sidecar/enroll")
    page = await who.visitor.submit(page, "enroll/begin")
    assert "Add a sign-in method?" in page.text
    here.clock.travel(seconds=30)
    page = await who.visitor.submit(page, "challenge/answer", code=who.visitor.code())
    assert "Set up your authenticator app" in page.text


async def test_removing_names_what_goes(here: World) -> None:
    """A removal's page shows what goes; for the only method it ends in a refusal."""
    who = await somebody(here, "proven")
    which = await authenticator(who)
    page = await who.visitor.open(f"/_sidecar/challenge?action={removing(which)}")
    assert "Remove Authenticator app?" in page.text
    assert (await prove(who, page)).status == 409
    assert (await who.get("account")).status == 200


@pytest.mark.parametrize("action", ["x", removing("x"), adding("x"), "authenticator.add:", ":"])
async def test_made_up_actions(here: World, action: str) -> None:
    """An action that is not this person's to ask for shows "not found" on every way in."""
    who = await somebody(here, "proven")
    assert (await who.get(f"challenge?action={action}")).status == 404
    assert (await who.post("challenge/begin", factor="totp", action=action)).status == 404
    page = await who.post("challenge/answer", factor="totp", action=action, code="000 000")
    assert page.status == 404


async def test_a_removal_is_anothers(here: World) -> None:
    """THREATS 44: another person's method shows "not found", and its name nowhere."""
    who, other = await somebody(here, "proven"), await somebody(here, "proven")
    which = await authenticator(other)
    assert (await who.get(f"challenge?action={removing(which)}")).status == 404
