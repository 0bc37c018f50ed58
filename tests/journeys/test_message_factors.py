"""Codes that travel: by text message and by mail, sent again, not sent at all, without scripts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.clock import ManualClock
from tests.journeys.conftest import before_harbour
from tests.journeys.gateway import MAILBOX, NUMBER, Gateway, gateway
from tests.journeys.person import Arrive, Person
from tests.world import World

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="session")]


@dataclass
class Port:
    """Harbour, and the gateway by which it sends codes."""

    world: World
    sent: Gateway


@pytest_asyncio.fixture(loop_scope="session")
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    async with (
        gateway() as made,
        before_harbour(tmp_path, ManualClock(), made.settings()) as harbour,
    ):
        yield Port(harbour, made)


async def submit(page: Page) -> None:
    """Press the button that every page of ours has one of."""
    await page.locator("main form button.primary").click()


async def type_code(page: Page, code: str, *, scripts: bool = True) -> None:
    """Type a code; with scripts it goes off by itself."""
    field = page.locator("#code")
    await field.wait_for()
    await page.wait_for_load_state("domcontentloaded")
    await field.fill(code)
    if not scripts:
        await submit(page)


async def choose(person: Person, kind: str) -> None:
    """Choose what to set up first, with an invitation."""
    await person.page.get_by_role("radio", name=kind).check()
    invitation = await person.world.invite("ada")
    await person.page.locator("#invitation").fill(invitation)
    await submit(person.page)


async def number(person: Person, sent: Gateway) -> None:
    """Ada, who has never been here, sets up her number; ends inside."""
    await person.sign_in()
    await choose(person, "Text message")
    await person.page.get_by_label("Mobile number").fill(NUMBER)
    await person.page.get_by_label("I know this and want it all the same").check()
    await person.press("Send code")
    await person.title("Confirm your number")
    await type_code(person.page, sent.code())
    await person.title("Save your backup codes")
    person.codes = await person.page.locator("#codes li").all_inner_texts()
    await person.keep()
    await person.title("Two-step sign-in is on")
    await person.page.get_by_role("link", name="Not now, go on to Harbour").click()
    await person.inside()
    # A page with a live channel would miss the sidecar when that goes.
    await expect(person.page.locator("#clock")).to_contain_text("here for")


@pytest.mark.conforms("NIST-RESTA-2", "NIST-AUPSTN-1", "WCAG-1.3.5")
async def test_by_text_message(port: Port, arriving: Arrive) -> None:
    """A number shows the whole way: warned, confirmed, asked for, in; axe finds nothing on it."""
    ada = await arriving(port.world)
    await ada.sign_in()
    await ada.accessible()
    await choose(ada, "Text message")
    await ada.title("Get codes by text message")
    await ada.accessible()
    await expect(ada.page.get_by_label("Mobile number")).to_have_attribute("autocomplete", "tel")
    await ada.page.get_by_label("Mobile number").fill("110")
    await ada.page.get_by_label("I know this and want it all the same").check()
    await ada.press("Send code")
    await ada.told("We cannot send to that number.")
    await ada.page.get_by_label("Mobile number").fill(NUMBER)
    await ada.press("Send code")
    await ada.title("Confirm your number")
    await ada.accessible()
    assert NUMBER not in await ada.page.content()
    await type_code(ada.page, port.sent.code())
    await ada.keep()
    await ada.title("Two-step sign-in is on")
    await ada.accessible()
    await ada.page.get_by_role("link", name="Not now, go on to Harbour").click()
    await ada.inside()
    port.world.clock.travel(hours=2)
    await ada.open("/notes")
    before = len(port.sent.letters)
    await expect(ada.page.locator(".to")).to_have_text("+49 ••• ••42")
    await ada.accessible()
    assert len(port.sent.letters) == before
    await ada.press("Send code")
    await expect(ada.page.locator("#code")).to_be_focused()
    await ada.accessible()
    await type_code(ada.page, port.sent.code())
    await ada.inside("/notes")


async def test_sent_again_and_not_at_all(port: Port, arriving: Arrive) -> None:
    """A message that never came shows that it is sent again when due; none at all, another way."""
    ada = await arriving(port.world)
    await number(ada, port.sent)
    port.world.clock.travel(hours=2)
    await ada.open("/notes")
    await ada.press("Send code")
    first = port.sent.code()
    await ada.page.get_by_text("No message yet?").click()
    await expect(ada.page.get_by_role("button", name="Send it again")).to_be_hidden()
    port.world.clock.travel(seconds=61)
    await ada.page.reload()
    await ada.page.get_by_text("No message yet?").click()
    await ada.press("Send it again")
    await expect(ada.page.get_by_role("status").first).to_contain_text("We sent it once more.")
    assert port.sent.code() == first
    port.sent.status = 503
    port.world.clock.travel(minutes=11)
    await ada.open("/notes")
    await ada.press("Send code")
    await ada.told("The text message could not be sent.")
    await ada.accessible()
    await ada.page.get_by_role("link", name="Backup codes").click()
    await ada.page.get_by_label("Backup code").fill(ada.codes[0])
    await ada.press("Confirm")
    await ada.inside("/notes")


@pytest.mark.conforms("WCAG-1.4.10")
async def test_by_mail_in_german_on_a_small_phone(port: Port, arriving: Arrive) -> None:
    """A mailbox, a small phone and German show the same way, and a letter in German."""
    ada = await arriving(port.world, width=320, locale="de-DE")
    await ada.sign_in()
    await choose(ada, "E-Mail")
    await ada.title("Codes per E-Mail erhalten")
    await ada.accessible()
    await ada.page.get_by_label("E-Mail-Adresse").fill(MAILBOX)
    await submit(ada.page)
    await ada.title("Bestätigen Sie Ihre E-Mail-Adresse")
    assert await ada.page.evaluate("document.documentElement.scrollWidth") <= 320
    await ada.accessible()
    letter = port.sent.letters[-1]
    assert letter["subject"] == "Bestätigen Sie Ihre Adresse für Harbour"
    assert '<html lang="de"' in letter["html"]
    await type_code(ada.page, port.sent.code("email"))
    await ada.title("Bewahren Sie Ihre Ersatzcodes auf")
    await ada.page.get_by_role("checkbox").check()
    await submit(ada.page)
    await ada.page.locator("main a.primary").click()
    await ada.inside()
    port.world.clock.travel(hours=2)
    await ada.open("/notes")
    await submit(ada.page)
    await type_code(ada.page, port.sent.code("email"))
    await ada.inside("/notes")


async def add(person: Person, sent: Gateway, kind: str, address: str) -> None:
    """Add a method without scripts, after a proof by the app."""
    await person.open("/_sidecar/account")
    await person.page.locator(".adding").get_by_role("button", name=kind).click()
    await type_code(person.page, person.next_code(), scripts=False)
    await person.page.locator("#address").fill(address)
    if kind == "Text message":
        await person.page.locator("[name=accept_risk]").check()
    await submit(person.page)
    channel = "sms" if kind == "Text message" else "email"
    await type_code(person.page, sent.code(channel), scripts=False)
    await expect(person.page.get_by_role("status")).to_have_text("The new method works.")


async def test_everything_without_scripts(port: Port, arriving: Arrive) -> None:
    """Scripts off show all four factors that need none: added, and each of them lets in."""
    ada = await arriving(port.world, scripts=False)
    await ada.sign_in()
    await choose(ada, "Authenticator app")
    await ada.scan()
    await type_code(ada.page, ada.code(), scripts=False)
    ada.codes = await ada.page.locator("#codes li").all_inner_texts()
    await ada.keep()
    await ada.page.get_by_role("link", name="Not now, go on to Harbour").click()
    await ada.inside()
    await add(ada, port.sent, "Text message", NUMBER)
    await add(ada, port.sent, "Email", MAILBOX)
    for kind, channel in (("Text message", "sms"), ("Email", "email")):
        port.world.clock.travel(hours=2)
        await ada.open("/notes")
        await ada.page.get_by_role("link", name=kind).click()
        await ada.press("Send code")
        await type_code(ada.page, port.sent.code(channel), scripts=False)
        await ada.inside("/notes")
    port.world.clock.travel(hours=2)
    await ada.open("/notes")
    await ada.page.get_by_role("link", name="Backup codes").click()
    await ada.page.get_by_label("Backup code").fill(ada.codes[0])
    await submit(ada.page)
    await ada.inside("/notes")
