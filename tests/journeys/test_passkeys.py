"""Passkeys and security keys in a real browser: set up, used, offered, in any language."""

import json

import pytest
from playwright.async_api import expect

from tests.journeys.keys import USE, Key, asked, choose, leave, set_up, turn_to_keys
from tests.journeys.person import Arrive, Person

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.conforms("WCAG-3.3.8")
async def test_two_keys(holder: Person) -> None:
    """Two keys show that each is named, that each opens the door, and that one click suffices."""
    stick = await Key.plug_in(holder.page)
    await set_up(holder, "Blue key")
    await stick.put_away()
    laptop = await stick.second()
    await choose(holder)
    await holder.accessible()
    await holder.page.get_by_label("Name").fill("Laptop")
    await holder.press("Set it up")
    await holder.title("Your sign-in methods")
    methods = holder.page.get_by_role("region", name="Methods")
    await expect(methods).to_contain_text("Blue key")
    await expect(methods).to_contain_text("Laptop")
    for other, used in ((stick, laptop), (laptop, stick)):
        await other.put_away()
        await leave(holder)
        await holder.open("/_sidecar/challenge?factor=webauthn")
        await holder.accessible()
        await used.take_up()
        await holder.press(USE)
        await holder.inside()
    (kept,) = await stick.credentials()
    assert kept["signCount"] > 1


@pytest.mark.conforms("WCAG-3.3.8")
async def test_a_passkey_is_offered_where_a_code_is_typed(holder: Person) -> None:
    """The page that asks for a code shows that a passkey picked at its field is answer enough."""
    laptop = await Key.plug_in(holder.page, transport="internal")
    await set_up(holder)
    await laptop.put_away()
    await asked(holder)
    field = holder.page.get_by_label("Code from your authenticator app")
    await expect(field).to_have_attribute("autocomplete", "one-time-code webauthn")
    await holder.accessible()
    await laptop.take_up()
    await holder.page.reload()  # virtual keys are picked at once, so before there was time to look
    await holder.inside("/notes")


async def test_what_cannot_be_undone_is_not_offered_by_itself(holder: Person) -> None:
    """A removal shows that a passkey at hand is not asked for before the button is pressed."""
    await Key.plug_in(holder.page, transport="internal")
    await set_up(holder)
    methods = holder.page.get_by_role("region", name="Methods")
    await methods.get_by_role("button", name="Remove Authenticator app").click()
    await holder.title("Remove Authenticator app?")
    await expect(holder.page.locator("input[data-passkey]")).to_have_count(0)
    await holder.page.get_by_role("link", name="Passkey or security key").click()
    await holder.accessible()
    await holder.press("Remove")
    await expect(holder.page.get_by_role("status")).to_have_text("The method is removed.")


async def test_without_scripts(holder: Person, arriving: Arrive) -> None:
    """A browser without scripts shows what the key needs, and the other way leads in."""
    await Key.plug_in(holder.page)
    await set_up(holder)
    await turn_to_keys(holder)
    holder.world.clock.travel(seconds=30)
    await holder.press(USE)
    await holder.inside("/notes")
    plain = await arriving(holder.world, scripts=False)
    await plain.sign_in()
    await plain.title("Confirm it’s you")
    notice = plain.page.locator("noscript .notice")
    await expect(notice).to_be_visible()
    assert "Passkeys and security keys need JavaScript" in await notice.inner_text()
    await expect(plain.page.get_by_role("button", name=USE)).to_have_count(0)
    await plain.page.get_by_role("link", name="Authenticator app").click()
    plain.secret = holder.secret
    await plain.answer(plain.next_code())
    await plain.press("Confirm")
    await plain.inside()


async def test_an_old_browser(holder: Person) -> None:
    """A browser that knows no keys shows so, offers no button, and keeps the other ways."""
    await Key.plug_in(holder.page)
    await set_up(holder)
    await holder.context.add_init_script("delete window.PublicKeyCredential")
    await leave(holder)
    await holder.open("/_sidecar/challenge?factor=webauthn")
    await holder.told("This browser can use neither passkeys nor security keys.")
    await expect(holder.page.get_by_text("No passkey on this device?")).to_be_hidden()
    await holder.accessible()
    await expect(holder.page.get_by_role("button", name=USE)).to_have_count(0)
    await holder.page.get_by_role("link", name="Authenticator app").click()
    await holder.answer(holder.next_code())
    await holder.inside()


@pytest.mark.parametrize("missing", [("parse", "toJSON"), ("signal",)])
async def test_browsers_that_know_less(holder: Person, missing: tuple[str, ...]) -> None:
    """A browser without the newer parts shows that keys are set up and used all the same."""
    await holder.context.add_init_script(WITHOUT.replace("MISSING", json.dumps(missing)))
    await Key.plug_in(holder.page)
    await holder.open("/_sidecar/account")
    await set_up(holder)
    await turn_to_keys(holder)
    await holder.press(USE)
    await holder.inside("/notes")


WITHOUT = """
for (const owner of [PublicKeyCredential, PublicKeyCredential.prototype]) {
  for (const name of Object.getOwnPropertyNames(owner)) {
    if (MISSING.some((start) => name.startsWith(start))) {
      delete owner[name];
    }
  }
}
"""


async def test_in_german(holder: Person, arriving: Arrive) -> None:
    """The whole way in German shows German words, and that they are accessible."""
    person = await arriving(holder.world, locale="de-DE")
    await person.context.set_storage_state(await holder.context.storage_state())
    person.secret = holder.secret
    await person.open("/_sidecar/account")
    await Key.plug_in(person.page)
    await person.press("Passkey oder Sicherheitsschlüssel")
    await person.page.get_by_label("Code aus Ihrer Authenticator-App").fill(person.next_code())
    await person.title("Passkey oder Sicherheitsschlüssel einrichten")
    await person.accessible()
    await person.press("Einrichten")
    await expect(person.page.get_by_role("status")).to_be_visible()
    await leave(person)
    await person.open("/_sidecar/challenge?factor=webauthn")
    await person.accessible()
    await person.press("Passkey oder Schlüssel benutzen")
    await person.inside()


async def test_back_to_a_page_that_waits(holder: Person) -> None:
    """A page left while it waited for a key shows, on coming back, a button that works."""
    stick = await Key.plug_in(holder.page)
    await set_up(holder)
    await stick.put_away()
    await turn_to_keys(holder)
    await holder.press(USE)
    await expect(holder.page.get_by_role("button", name="Waiting for your key…")).to_be_visible()
    await holder.page.get_by_role("link", name="Backup codes").click()
    await expect(holder.page.get_by_label("Backup code")).to_be_visible()
    await holder.page.go_back()
    await stick.take_up()
    await holder.press(USE)
    await holder.inside("/notes")
