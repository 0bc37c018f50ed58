"""The account page: a person keeps their own sign-in methods and sessions."""

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.journeys.person import Arrive, Person

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def owner(member: Person) -> Person:
    """Ada on her account page."""
    await member.open("/notes")
    await member.page.get_by_role("link", name="Security").click()
    await member.title("Your sign-in methods")
    return member


async def confirm(person: Person, button: str) -> None:
    """Give the proof that a change asks for, by the button that says what happens."""
    await person.answer(person.next_code())
    await person.press(button)


def held(person: Person) -> Locator:
    """Return the lines of what the person has set up."""
    return person.page.get_by_role("region", name="Methods").locator("li.item")


async def add_tablet(owner: Person) -> None:
    """Add a second app and call it "Tablet"; its key is the one that counts from then on."""
    await owner.press("Authenticator app")
    await owner.title("Add a sign-in method?")
    await owner.answer(owner.next_code())
    await owner.title("Set up your authenticator app")
    await owner.scan()
    await owner.page.get_by_label("Type the code that the app shows").fill(owner.next_code())
    await owner.press("Turn on")
    await expect(owner.page.get_by_role("status")).to_have_text("The new method works.")
    methods = held(owner)
    await expect(methods).to_have_count(2)
    await methods.nth(1).get_by_text("Rename").click()
    await methods.nth(1).get_by_label("New name").fill("Tablet")
    await methods.nth(1).get_by_role("button", name="Save").click()
    await expect(owner.page.get_by_role("status")).to_have_text("The new name is saved.")


async def test_what_it_shows(owner: Person) -> None:
    """A new person's page shows words and no jargon, what cannot be undone is not offered, and
    the activity says what happened.
    """
    await owner.accessible()
    methods = owner.page.get_by_role("region", name="Methods")
    await expect(methods).to_contain_text("Authenticator app")
    await expect(held(owner)).to_have_count(1)
    await expect(methods).to_contain_text("Your only way in. Add another before you remove it.")
    await expect(methods.get_by_role("button", name="Remove")).to_have_count(0)
    await expect(owner.page.get_by_role("region", name="Backup codes")).to_contain_text("10")
    activity = owner.page.get_by_role("region", name="Recent activity")
    await expect(activity.get_by_role("listitem").first).to_contain_text("New backup codes")
    await expect(activity).to_contain_text("Added: Authenticator app")
    assert "totp" not in (await owner.page.locator("body").inner_text()).lower()


async def test_add_rename_remove(owner: Person) -> None:
    """A second app shows that every change asks for its own proof, and that the last one stays."""
    await add_tablet(owner)
    await owner.accessible()
    tablet = owner.page.get_by_role("listitem").filter(has_text="Tablet").first
    await tablet.get_by_role("button", name="Remove Tablet").click()
    await owner.title("Remove Tablet?")
    await owner.accessible()
    await confirm(owner, "Remove")
    await expect(owner.page.get_by_role("status")).to_have_text("The method is removed.")
    methods = held(owner)
    await expect(methods).to_have_count(1)
    await expect(methods).not_to_contain_text("Tablet")


async def test_a_removal_answered_wrongly(owner: Person) -> None:
    """A wrong code shows the same question again, still naming what goes, and nothing is gone."""
    await add_tablet(owner)
    tablet = owner.page.get_by_role("listitem").filter(has_text="Tablet").first
    await tablet.get_by_role("button", name="Remove Tablet").click()
    await owner.answer(owner.wrong_code())
    await owner.press("Remove")
    await owner.told("That code is not right")
    await owner.title("Remove Tablet?")
    await owner.page.get_by_role("link", name="Backup codes").click()
    await owner.title("Remove Tablet?")
    await owner.page.get_by_role("link", name="Cancel, change nothing").click()
    methods = held(owner)
    await expect(methods).to_have_count(2)


async def test_a_name_that_does_not_work(owner: Person) -> None:
    """A name of blanks shows an alert, with the field open, marked and as it was typed."""
    methods = owner.page.get_by_role("region", name="Methods")
    await methods.get_by_text("Rename").click()
    await methods.get_by_label("New name").fill("   ")
    await methods.get_by_role("button", name="Save").click()
    await owner.told("That name does not work")
    await expect(methods.get_by_label("New name")).to_be_visible()
    await expect(methods.get_by_label("New name")).to_have_value("   ")
    await expect(methods.get_by_label("New name")).to_be_focused()
    await owner.accessible()


async def test_new_codes(owner: Person, arriving: Arrive) -> None:
    """New codes show that the old ones end only when the new ones are kept, and then at once."""
    old = owner.codes[0]
    await owner.press("Make new codes")
    await owner.title("Make new backup codes?")
    await confirm(owner, "Make new codes")
    await owner.title("Save your backup codes")
    await owner.accessible()
    new = await owner.page.locator("#codes li").all_inner_texts()
    await owner.keep("Done")
    await expect(owner.page.get_by_role("status")).to_contain_text("The old ones no longer do.")
    other = await arriving(owner.world)
    await other.sign_in()
    await other.page.get_by_role("link", name="Backup codes").click()
    await other.page.get_by_label("Backup code", exact=True).fill(old)
    await other.press("Confirm")
    await other.told("not one of your backup codes")
    await other.page.get_by_label("Backup code", exact=True).fill(new[0])
    await other.press("Confirm")
    await other.inside()


async def test_sign_out_everywhere(owner: Person, arriving: Arrive) -> None:
    """One click shows that this browser and every other has to confirm again, at once."""
    other = await arriving(owner.world)
    other.secret = owner.secret
    await other.sign_in()
    await other.answer(other.next_code())
    await other.inside()
    await owner.page.reload()
    sessions = owner.page.get_by_role("region", name="Where you are signed in")
    await expect(sessions.get_by_role("listitem")).to_have_count(2)
    await owner.press("Sign out everywhere")
    await owner.title("You’re signed out")
    await owner.accessible()
    await other.open("/notes")
    await other.title("Confirm it’s you")
    await owner.page.get_by_role("link", name="Sign in again").click()
    await owner.title("Confirm it’s you")
    await owner.answer(owner.next_code())
    await owner.inside()


async def test_one_other_browser_is_signed_out(owner: Person, arriving: Arrive) -> None:
    """The other browser's line shows that it alone has to confirm again."""
    other = await arriving(owner.world)
    other.secret = owner.secret
    await other.sign_in()
    await other.answer(other.next_code())
    await other.inside()
    await owner.page.reload()
    sessions = owner.page.get_by_role("region", name="Where you are signed in")
    line = sessions.get_by_role("listitem").filter(has_text="last seen")
    await line.get_by_role("button", name="Sign out").click()
    await expect(owner.page.get_by_role("status")).to_have_text("That browser is signed out.")
    await other.open("/notes")
    await other.title("Confirm it’s you")
    await owner.open("/notes")
    await owner.inside("/notes")


async def test_the_account_is_for_its_owner(owner: Person, arriving: Arrive) -> None:
    """Somebody with the password alone shows that names and dates stay out of their sight."""
    thief = await arriving(owner.world)
    await thief.open("/_sidecar/account")
    await thief.inside("/login")
    await thief.login(thief.page, "ada")
    await thief.open("/_sidecar/account")
    await thief.title("Confirm it’s you")
    await thief.open("/_sidecar/enroll")
    await thief.title("Confirm it’s you")
