"""Somebody at a browser window: signs in, sets up, confirms, looks."""

import importlib.resources
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import pyotp
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.world import World

AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PATIENCE_MS = 10_000
STEP_S = 30
WIDE = 1100
expect.set_options(timeout=PATIENCE_MS)


async def harbour_login(page: Page, user: str) -> None:
    """Fill in the login of the demonstration application, wherever the person is."""
    passwords = {"ada": "engine-room", "grace": "crows-nest"}
    await page.get_by_label("Name").fill(user)
    await page.get_by_label("Password").fill(passwords[user])
    await page.get_by_role("button", name="Sign in").click()


async def datasette_login(page: Page, user: str) -> None:
    await page.get_by_label("Username").fill(user)
    await page.get_by_label("Password").fill(f"{user}-password")
    await page.get_by_role("button", name="Log in").click()


@dataclass
class Person:
    """One person in one browser, with an authenticator app that shares the sidecar's clock."""

    world: World
    context: BrowserContext
    page: Page
    scripts: bool = True
    login_path: str = "/login"
    login: Callable[[Page, str], Awaitable[None]] = harbour_login
    secret: str = ""
    codes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Scripts that failed and breaches of a page's policy."""

    def url(self, path: str) -> str:
        return f"{self.world.origin}{path}"

    async def open(self, path: str) -> None:
        await self.page.goto(self.url(path))

    async def sign_in(self, user: str = "ada") -> None:
        """Use the application's own login; where it leads then is the sidecar's business."""
        await self.open(self.login_path)
        await self.login(self.page, user)

    # -- the app on their phone ----------------------------------------------------------------

    def code(self, *, ahead: int = 0) -> str:
        """Return what the app shows now, or some steps from now."""
        at = self.world.clock() + timedelta(seconds=STEP_S * ahead)
        return pyotp.TOTP(self.secret).at(int(at.timestamp()))

    def next_code(self) -> str:
        """Wait for a fresh code and return it."""
        self.world.clock.travel(seconds=STEP_S)
        return self.code()

    def wrong_code(self) -> str:
        """Return six digits that no step near to now has."""
        near = {self.code(ahead=step) for step in range(-40, 41)}
        return next(str(n) for n in range(100_000, 999_999) if str(n) not in near)

    # -- our pages -----------------------------------------------------------------------------

    def title(self, text: str) -> Awaitable[None]:
        """Wait until a page of this heading is there."""
        return expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    async def scan(self) -> None:
        """Read the key from the page as text, as people without a camera do."""
        await self.page.get_by_text("Type the key instead").click()
        self.secret = (await self.page.locator("#key").inner_text()).replace(" ", "")

    async def set_up(self, *, invitation: str = "") -> None:
        """Go from the first page of setting up to the codes."""
        await self.title("Set up two-step sign-in")
        if invitation:
            await self.page.get_by_label("Invitation code").fill(invitation)
        await self.press("Continue")
        await self.title("Set up your authenticator app")
        await self.scan()
        await self.page.get_by_label("Type the code that the app shows").fill(self.code())
        await self.press("Turn on")
        await self.title("Save your backup codes")
        self.codes = (await self.page.locator("#codes li").all_inner_texts()).copy()

    async def keep(self, button: str = "Finish") -> None:
        """Say that the codes are kept."""
        await self.page.get_by_label("I have kept these codes").check()
        await self.press(button)

    async def newcomer(self, user: str = "ada") -> None:
        """Sign in to Harbour and set everything up; ends inside, its live channel open."""
        invitation = await self.world.invite(user)
        await self.sign_in(user)
        await self.set_up(invitation=invitation)
        await self.keep()
        await self.inside()

    async def inside(self, path: str = "/") -> None:
        """Wait until the application itself is there, with its live channel where it has one.

        One that is still opening would be refused by whatever comes next: signing out, or hours.
        """
        await self.page.wait_for_url(self.url(path))
        clock = self.page.locator("#clock")
        if self.scripts and await clock.count():
            await expect(clock).to_contain_text("here for")

    async def answer(self, code: str) -> None:
        """Type a code; a whole one is sent by itself, where scripts run and nothing failed."""
        field = self.page.get_by_label("Code from your authenticator app")
        await field.wait_for()
        await self.page.wait_for_load_state("domcontentloaded")  # nobody types before scripts run
        await field.fill(code)

    async def press(self, button: str) -> None:
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def told(self, text: str) -> None:
        """Wait until a page says so as an alert."""
        await expect(self.page.get_by_role("alert")).to_contain_text(text)

    async def accessible(self) -> None:
        """Fail with what axe finds on the page as it is."""
        await self.page.evaluate(AXE)
        found = await self.page.evaluate(
            "async (rules) => (await axe.run(document, rules)).violations", RULES
        )
        assert [(rule["id"], node["html"]) for rule in found for node in rule["nodes"]] == []


class Arrive(Protocol):
    """Lets somebody arrive who was never here."""

    async def __call__(
        self, behind: World, *, scripts: bool = True, width: int = WIDE, locale: str = "en-GB"
    ) -> Person: ...


async def arrive(
    browser: Browser,
    world: World,
    *,
    scripts: bool = True,
    width: int = WIDE,
    locale: str = "en-GB",
) -> Person:
    """Return somebody who was never here."""
    context = await browser.new_context(
        java_script_enabled=scripts,
        viewport={"width": width, "height": 800},
        locale=locale,
        permissions=["clipboard-read", "clipboard-write"] if scripts else [],
    )
    context.set_default_timeout(PATIENCE_MS)
    person = Person(world, context, await context.new_page(), scripts)
    context.on("weberror", lambda error: person.faults.append(str(error.error)))
    context.on("console", lambda message: _note(person, message))
    return person


def _note(person: Person, message: ConsoleMessage) -> None:
    # A browser also complains of every page that has an error status.
    if message.type == "error" and "the server responded with a status" not in message.text:
        person.faults.append(message.text)
