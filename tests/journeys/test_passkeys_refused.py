"""Keys that are refused in a real browser: copied, removed, another's, unverified; and why."""

import asyncio
import shutil
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.clock import ManualClock
from tests.journeys.conftest import Kept, before_harbour, known
from tests.journeys.keys import (
    KEYS,
    USE,
    Key,
    arrive_with_key,
    choose,
    factors,
    leave,
    set_up,
    turn_to_keys,
)
from tests.journeys.person import PATIENCE_MS, Arrive, Person

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="session")]


async def test_the_same_key_twice(holder: Person) -> None:
    """A key that is set up already shows that it is, before anything is sent."""
    await Key.plug_in(holder.page)
    await set_up(holder)
    await choose(holder)
    await holder.press("Set it up")
    await holder.told("set up for you already")
    await holder.accessible()
    await expect(holder.page.get_by_role("button", name="Set it up")).to_be_enabled()


@pytest.mark.threat(60)
async def test_a_copied_key(holder: Person) -> None:
    """A copy whose counter lags behind shows as one, and the key itself works on."""
    stick = await Key.plug_in(holder.page)
    await set_up(holder)
    (made,) = await stick.credentials()
    await turn_to_keys(holder)
    await holder.press(USE)
    await holder.inside("/notes")
    await stick.put_away()
    copy = await stick.second(transport="usb")
    await stick.copy_to(copy, signCount=made["signCount"] - 1)
    await leave(holder)
    await holder.open("/_sidecar/challenge?factor=webauthn")
    await holder.press(USE)
    await holder.told("there may be a copy of it")
    await holder.accessible()
    await copy.break_off()
    await stick.take_up()
    await holder.press(USE)
    await holder.inside()


async def test_a_key_that_was_removed(holder: Person) -> None:
    """A key removed in one tab shows refused in another, and the browser forgets it."""
    laptop = await Key.plug_in(holder.page, transport="internal")
    await set_up(holder)
    await laptop.put_away()
    stick = await laptop.second(transport="usb")
    await set_up(holder)
    await stick.put_away()
    await holder.press("Authenticator app")
    await holder.page.get_by_role("link", name="Passkey or security key").click()
    here, holder.page = holder.page, await holder.context.new_page()
    await holder.open("/_sidecar/account")
    await holder.page.get_by_role("button", name="Remove Passkey or security key").first.click()
    await holder.answer(holder.next_code())
    await holder.press("Remove")
    await expect(holder.page.get_by_role("status")).to_have_text("The method is removed.")
    holder.page = here
    assert len(await laptop.credentials()) == 1
    await laptop.take_up()
    await holder.press(USE)
    await holder.told("We do not know that key")
    await holder.accessible()
    await gone(laptop)
    assert len(await stick.credentials()) == 1


async def test_the_browser_forgets_what_was_removed(holder: Person) -> None:
    """The last key removed shows that the browser, told on the account page, forgets it."""
    laptop = await Key.plug_in(holder.page, transport="internal")
    await set_up(holder)
    await holder.press("Remove Passkey or security key")
    await holder.answer(holder.next_code())
    await holder.press("Remove")
    await expect(holder.page.get_by_role("status")).to_have_text("The method is removed.")
    await gone(laptop)


async def gone(key: Key) -> None:
    """Wait until the key holds nothing: browsers act on what they are told in their own time."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await key.credentials():
            await key.session.send("WebAuthn.getCredentials", {"authenticatorId": key.id})


@pytest.mark.threat(60)
async def test_the_key_of_another_person(holder: Person, arriving: Arrive) -> None:
    """THREATS 60: Grace's key in Ada's browser shows refused, and is not told to be forgotten."""
    grace = await arriving(holder.world)
    hers = await Key.plug_in(grace.page)
    await arrive_with_key(grace, "grace")
    mine = await Key.plug_in(holder.page)
    await set_up(holder)
    await mine.put_away()
    stolen = await mine.second()
    await hers.copy_to(stolen)
    await leave(holder)
    await holder.open("/_sidecar/challenge?factor=webauthn")
    await holder.page.evaluate(ANY_KEY)
    await holder.press(USE)
    await holder.told("We do not know that key")
    assert len(await stolen.credentials()) == 1
    await expect(holder.page.locator("[data-passkey-unknown]")).to_have_count(0)


ANY_KEY = """() => {
  const field = document.querySelector("input[data-passkey]");
  const options = JSON.parse(field.dataset.options);
  field.dataset.options = JSON.stringify({ ...options, allowCredentials: [] });
}"""
"""A page that asks for any key at all, as a forged one would."""


async def test_who_holds_it_must_be_its_owner(tmp_path: Path, kept: Kept, arriving: Arrive) -> None:
    """Where keys have to check their user, one that does not shows refused, with what to do."""
    shutil.copytree(kept.folder, tmp_path, dirs_exist_ok=True)
    settings = factors({**KEYS, "user_verification": "required"})
    async with before_harbour(tmp_path, ManualClock(kept.now), settings) as strict:
        ada = await arriving(strict)
        await known(ada, kept)
        await ada.open("/_sidecar/account")
        stick = await Key.plug_in(ada.page)
        await set_up(ada)
        await stick.forget_pin()
        await turn_to_keys(ada)
        await ada.press(USE)
        await ada.told("That was cancelled, or it took too long.")
        await ada.accessible()
        await expect(ada.page.get_by_role("button", name=USE)).not_to_have_attribute(
            "aria-busy", "true"
        )
        await ada.context.close()
