"""The same pages without scripts, without a mouse, on a small screen, in another language."""

import pytest
from playwright.async_api import Page, expect

from tests.journeys.person import Arrive, Person
from tests.world import World

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="session")]


async def test_without_scripts(harbour: World, arriving: Arrive) -> None:
    """Scripts off show the whole way: set up, codes, through, asked again, account, signed out."""
    person = await arriving(harbour, scripts=False)
    await person.sign_in()
    await person.set_up(invitation=await harbour.invite("ada"))
    await expect(person.page.get_by_role("button", name="Copy")).to_have_count(0)
    await person.keep()
    await person.inside()
    harbour.clock.travel(hours=2)
    await person.open("/notes")
    await person.answer(person.wrong_code())
    await person.press("Confirm")
    await person.told("That code is not right")
    await person.answer(person.code())
    await person.press("Confirm")
    await person.inside("/notes")
    await person.open("/_sidecar/account")
    await person.page.get_by_text("Rename").click()
    await person.page.get_by_label("New name").fill("Pixel")
    await person.press("Save")
    await expect(person.page.get_by_role("status")).to_have_text("The new name is saved.")
    await person.press("Sign out everywhere")
    await person.title("You’re signed out")


async def focus_on(page: Page, name: str) -> None:
    """Press Tab until the control with this text or label has the focus, and can be seen to."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        found = await page.evaluate(
            """() => { const e = document.activeElement;
            return [(e.labels?.[0]?.textContent ?? e.textContent).trim(),
                    getComputedStyle(e).outlineStyle]; }"""
        )
        if name in found[0]:
            assert found[1] == "solid"
            return
    raise AssertionError(f"Tab never reaches {name!r}")


@pytest.mark.conforms("WCAG-2.1.1", "WCAG-2.4.7")
async def test_by_keyboard_alone(ada: Person) -> None:
    """Keys alone show that a newcomer gets in, and that a return takes nothing but the code."""
    page = ada.page
    await ada.sign_in()
    await ada.title("Set up two-step sign-in")
    await expect(page.get_by_label("Invitation code")).to_be_focused()
    await page.keyboard.type(await ada.world.invite("ada"))
    await page.keyboard.press("Enter")
    await ada.title("Set up your authenticator app")
    await focus_on(page, "Type the key instead")
    await page.keyboard.press("Enter")
    await focus_on(page, "Copy key")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    ada.secret = await page.evaluate("navigator.clipboard.readText()")
    await focus_on(page, "Type the code that the app shows")
    await page.keyboard.type(ada.code())
    await page.keyboard.press("Enter")
    await ada.title("Save your backup codes")
    await focus_on(page, "I have kept these codes")
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await ada.inside()
    await expect(page.locator("#clock")).to_contain_text("here for")
    ada.world.clock.travel(hours=2)
    await ada.open("/notes")
    await ada.title("Confirm it’s you")
    await page.keyboard.type(ada.code())
    await ada.inside("/notes")


async def fits(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.conforms("WCAG-1.4.10")
async def test_at_320_pixels(harbour: World, arriving: Arrive) -> None:
    """A small phone in German shows the whole way with nothing to scroll sideways for."""
    person = await arriving(harbour, width=320, locale="de-DE")
    page = person.page
    await person.sign_in()
    await person.title("Richten Sie die Anmeldung in zwei Schritten ein")
    await fits(page)
    await page.get_by_label("Einladungscode").fill(await harbour.invite("ada"))
    await person.press("Weiter")
    await page.locator("summary").click()
    person.secret = (await page.locator("#key").inner_text()).replace(" ", "")
    await fits(page)
    await person.accessible()
    await page.locator("#code").fill(person.code())
    await page.locator("main form button.primary").click()
    await expect(page.locator("#codes li")).to_have_count(10)
    await fits(page)
    await page.get_by_role("checkbox").check()
    await page.locator("main form button.primary").click()
    await person.inside()
    await person.open("/_sidecar/account")
    await fits(page)
    await person.accessible()
    harbour.clock.travel(hours=2)
    await person.open("/notes")
    await fits(page)
    await page.locator("#code").fill(person.code())
    await person.inside("/notes")


async def test_another_language(member: Person) -> None:
    """The picker shows that the language changes, stays, keeps the way back, and that an error
    page speaks it too.
    """
    member.world.clock.travel(hours=2)
    await member.open("/notes")
    await member.title("Confirm it’s you")
    await member.page.get_by_role("link", name="Deutsch").click()
    await member.title("Bestätigen Sie, dass Sie es sind")
    await expect(member.page.locator("html")).to_have_attribute("lang", "de")
    await expect(member.page.locator(".place")).to_have_text("/notes")
    await member.page.locator("#code").fill(member.code())
    await member.inside("/notes")
    await member.open("/_sidecar/nothing")
    await member.title("Hier ist nichts")
    await member.accessible()
    await member.page.get_by_role("link", name="English").click()
    await member.title("There is nothing here")
    await expect(member.page.get_by_text("ada@harbour.example")).to_be_visible()


async def test_the_live_channel(member: Person, arriving: Arrive) -> None:
    """Harbour's WebSocket shows that it opens with a proof only, and passes messages both ways."""
    ask = """() => new Promise((done) => {
        const socket = new WebSocket(`ws://${location.host}/live`);
        socket.onopen = () => socket.send("ahoy");
        socket.onerror = () => done("refused");
        socket.onmessage = (event) => {
            const said = JSON.parse(event.data).echo;
            if (said) done(said);
        };
    })"""
    await member.open("/")
    assert await member.page.evaluate(ask) == "ahoy"
    thief = await arriving(member.world)
    await thief.sign_in()
    await thief.title("Confirm it’s you")
    await thief.open("/login")
    assert await thief.page.evaluate(ask) == "refused"
    thief.faults.clear()
