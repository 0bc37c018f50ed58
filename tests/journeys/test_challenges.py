"""What goes wrong and odd at a challenge, and how a person gets on from it."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.journeys.person import Arrive, Person

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def back(member: Person) -> Person:
    """Ada, later and in need of a new challenge."""
    member.world.clock.travel(hours=2)
    await member.open("/notes")
    await member.title("Confirm it’s you")
    return member


async def test_a_wrong_code(back: Person) -> None:
    """A wrong code shows an alert, the field in focus and nothing sent by itself any more; the
    right one then works.
    """
    await back.answer(back.wrong_code())
    await back.told("That code is not right")
    field = back.page.get_by_label("Code from your authenticator app")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(back.page).to_have_title("Error: Confirm it’s you · Harbour")
    await back.accessible()
    await back.answer(back.code())
    await back.press("Confirm")
    await back.inside("/notes")


async def test_a_replayed_code(back: Person, arriving: Arrive) -> None:
    """The code that just let one browser in shows "already used" in another (THREATS 46)."""
    other = await arriving(back.world)
    other.secret = back.secret
    await back.answer(back.code())
    await back.inside("/notes")
    await other.sign_in()
    await other.answer(other.code())
    await other.told("That code has already been used. Wait for the next one.")
    await other.answer(other.next_code())
    await other.press("Confirm")
    await other.inside()


async def test_a_backup_code(back: Person) -> None:
    """A person without their phone shows that a kept code opens, once, however it is typed."""
    await back.page.get_by_role("link", name="Backup codes").click()
    field = back.page.get_by_label("Backup code", exact=True)
    await expect(field).to_be_focused()
    await back.accessible()
    await field.fill(back.codes[0].lower().replace("-", " "))
    await back.press("Confirm")
    await back.inside("/notes")
    back.world.clock.travel(hours=2)
    await back.open("/notes")
    await back.page.get_by_role("link", name="Backup codes 9 codes left").click()
    await back.page.get_by_label("Backup code", exact=True).fill(back.codes[0])
    await back.press("Confirm")
    await back.told("That code has already been used. Cross it off and use another one.")
    await back.page.get_by_role("link", name="Authenticator app").click()
    await back.answer(back.next_code())
    await back.inside("/notes")


async def test_too_many_wrong_codes(back: Person) -> None:
    """Five wrong codes show when the app is open again, and that a kept code still helps."""
    await back.answer(back.wrong_code())
    for _ in range(4):
        await back.told("That code is not right")
        await back.answer(back.wrong_code())
        await back.press("Confirm")
        await expect(back.page.get_by_role("alert")).to_be_visible()
    await back.answer(back.wrong_code())
    await back.press("Confirm")
    await back.told("Too many tries. Try again in")
    await back.told("Until then you can use another way.")
    await expect(back.page.get_by_role("textbox")).to_have_count(0)
    await back.accessible()
    await back.page.get_by_role("link", name="Backup codes").click()
    await back.page.get_by_label("Backup code", exact=True).fill(back.codes[0])
    await back.press("Confirm")
    await back.inside("/notes")


async def test_an_expired_session(back: Person) -> None:
    """A challenge left open for hours shows what happened and leads back to where it was for."""
    back.world.clock.travel(hours=2)
    await back.answer(back.code())
    await back.title("This step is over")
    await expect(back.page.get_by_text("Number for help:")).to_be_visible()
    await expect(back.page.get_by_text("ada@harbour.example")).to_be_visible()
    await back.accessible()
    await back.page.get_by_role("link", name="Start again").click()
    await expect(back.page.locator(".place")).to_have_text("/notes")
    await back.answer(back.code())
    await back.inside("/notes")


async def test_back_to_a_finished_challenge(back: Person) -> None:
    """The back button shows that a finished challenge leads on instead of asking again."""
    asked = back.page.url
    await back.answer(back.code())
    await back.inside("/notes")
    await back.page.goto(asked)
    await back.inside("/notes")
    await back.page.go_back()
    await back.inside("/notes")
    await back.open("/_sidecar/challenge/answer")
    await back.inside("/")


async def test_a_fresh_confirmation_and_a_form_that_was_stopped(member: Person) -> None:
    """A payment sent when the proof is too old shows that it did not arrive, that the person is
    asked afresh for how long, and that they come back to the page they sent it from.
    """
    await member.open("/payments")
    member.world.clock.travel(minutes=6)
    await member.page.get_by_label("Amount in euros").fill("12.50")
    await member.press("Pay")
    await member.title("Confirm it’s you")
    await expect(member.page.get_by_role("status")).to_contain_text("What you sent did not arrive.")
    await expect(member.page.locator(".lead")).to_contain_text("/payments")
    await expect(member.page.locator(".lead")).to_contain_text(
        "Your confirmation holds for 5 minutes."
    )
    await member.accessible()
    await member.page.get_by_role("link", name="Backup codes").click()
    await expect(member.page.locator(".lead")).to_contain_text(
        "Your confirmation holds for 5 minutes."
    )
    await expect(member.page.get_by_role("status")).to_be_visible()
    await member.page.get_by_role("link", name="Authenticator app").click()
    await member.answer(member.wrong_code())
    await member.told("That code is not right")
    await expect(member.page.locator(".lead")).to_contain_text(
        "Your confirmation holds for 5 minutes."
    )
    await member.answer(member.code())
    await member.press("Confirm")
    await member.title("You’re in")
    await expect(member.page.get_by_role("status")).to_contain_text("What you sent did not arrive.")
    await member.accessible()
    await member.page.get_by_role("link", name="Go back to the page").click()
    await member.inside("/payments")
    await expect(member.page.get_by_text("Nothing has been paid.")).to_be_visible()
    await member.page.get_by_label("Amount in euros").fill("12.50")
    await member.press("Pay")
    await expect(member.page.get_by_text("12.50 €")).to_be_visible()


async def test_a_newcomer_whose_form_was_stopped(member: Person) -> None:
    """A note sent before anything was set up shows to the end that it did not arrive."""
    await member.open("/notes")
    await member.world.reset("ada")
    invitation = await member.world.invite("ada")
    member.world.clock.travel(minutes=2)
    await member.page.get_by_label("New entry").fill("Fog")
    await member.press("Write it down")
    await expect(member.page.get_by_role("status")).to_contain_text("What you sent did not arrive.")
    await member.set_up(invitation=invitation)
    await member.keep()
    await expect(member.page.get_by_role("status")).to_contain_text("What you sent did not arrive.")
    await member.page.get_by_role("link", name="Go back to the page").click()
    await member.inside("/notes")


async def test_two_tabs(back: Person) -> None:
    """A second tab that waits shows that it goes on by itself once the first confirmed."""
    second = await back.context.new_page()
    await second.goto(back.url("/payments"))
    await expect(second.get_by_role("heading", level=1)).to_have_text("Confirm it’s you")
    await back.answer(back.code())
    await back.inside("/notes")
    await second.wait_for_url(back.url("/payments"))


async def test_help_when_nothing_can_be_used(back: Person) -> None:
    """Somebody without phone and codes shows whom to ask, and the way back when they find them."""
    await back.page.get_by_role("link", name="I can’t use any of these").click()
    await back.title("You need help to get in")
    await expect(back.page.get_by_text("Ask the harbour master.").first).to_be_visible()
    await back.accessible()
    await back.page.get_by_role("link", name="I can confirm it’s me after all").click()
    await back.answer(back.code())
    await back.inside("/notes")


async def test_after_an_operator_reset(back: Person) -> None:
    """A person whose methods were reset shows that only an invitation opens a new beginning."""
    await back.world.reset("ada")
    back.world.clock.travel(minutes=2)
    await back.open("/notes")
    await back.title("Set up two-step sign-in")
    await back.set_up(invitation=await back.world.invite("ada"))
    await back.keep()
    await back.inside("/notes")


async def test_not_you(back: Person) -> None:
    """The link "Not you?" shows the way out of a challenge: our session, then the application's."""
    await back.press("Not you?")
    await back.inside("/logout")
    await back.page.locator("main").get_by_role("button", name="Sign out").click()
    await back.inside("/login")
