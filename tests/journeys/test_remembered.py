"""A browser that is remembered, in a real one: what it opens, what it does not, and forgetting."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.clock import ManualClock
from tests.journeys.conftest import Kept, before_harbour, known
from tests.journeys.person import Arrive, Person

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="session")]

ON = {"trusted_devices": {"enabled": True, "lifetime": "30d"}}


@pytest_asyncio.fixture(loop_scope="session")
async def remembered(
    tmp_path: Path, kept: Kept, browser: Browser, arriving: Arrive
) -> AsyncIterator[Person]:
    """Ada, who had this browser remembered when she last confirmed."""
    shutil.copytree(kept.folder, tmp_path, dirs_exist_ok=True)
    async with before_harbour(tmp_path, ManualClock(kept.now), ON) as made:
        ada = await arriving(made)
        await known(ada, kept)
        made.clock.travel(hours=2)
        await ada.open("/notes")
        await ada.title("Confirm it’s you")
        await ada.page.get_by_label("Remember this browser for 30 days").check()
        await ada.accessible()
        await ada.answer(ada.code())
        await ada.press("Confirm")
        await ada.inside("/notes")
        yield ada
        # Before the sidecar goes: a page with a live channel would miss it.
        for context in browser.contexts:
            await context.close()


async def next_day(ada: Person) -> None:
    """The browser was closed meanwhile, and with it the session of ours."""
    ada.world.clock.travel(days=1)
    await ada.context.clear_cookies(name="sidecar")


@pytest.mark.threat(64)
async def test_it_opens_what_asks_for_nothing_fresh(remembered: Person) -> None:
    """The next day shows the page at once, in several tabs; payments and the account ask."""
    ada = remembered
    await next_day(ada)
    tabs = [await ada.context.new_page() for _ in range(3)]
    for tab in tabs:
        await tab.goto(ada.url("/notes"), wait_until="commit")
    for tab in tabs:
        await tab.wait_for_url(ada.url("/notes"))
        await tab.close()
    await ada.open("/payments")
    await ada.title("Confirm it’s you")
    await expect(ada.page.get_by_label("Remember this browser")).to_have_count(0)
    await ada.open("/_sidecar/account")
    await ada.title("Confirm it’s you")


async def test_it_is_forgotten_on_the_account_page(remembered: Person) -> None:
    """The list shows this browser; once forgotten, the next day asks again."""
    ada = remembered
    await ada.open("/_sidecar/account")
    line = ada.page.get_by_role("region", name="Remembered browsers").get_by_role("listitem")
    await expect(line).to_contain_text("This browser")
    await ada.accessible()
    await line.get_by_role("button").click()
    await expect(ada.page.get_by_role("status")).to_be_visible()
    await expect(ada.page.get_by_text("None. When you confirm that it’s you")).to_be_visible()
    await next_day(ada)
    await ada.open("/notes")
    await ada.title("Confirm it’s you")


@pytest.mark.threat(64)
async def test_a_copy_is_found_out(remembered: Person, arriving: Arrive) -> None:
    """Somebody who copied the browser's cookies and her password shows up by the owner's next
    visit: both are asked, and the account says what happened.
    """
    ada = remembered
    await next_day(ada)
    thief = await arriving(ada.world)
    await thief.context.add_cookies(await ada.context.cookies())  # type: ignore[arg-type]
    await thief.open("/notes")
    await thief.inside("/notes")
    ada.world.clock.travel(minutes=1)
    await ada.open("/notes")
    await ada.title("Confirm it’s you")
    await thief.open("/notes")
    await thief.title("Confirm it’s you")
    await ada.answer(ada.code())
    await ada.press("Confirm")
    await ada.inside("/notes")
    await ada.open("/_sidecar/account")
    events = ada.page.get_by_role("region", name="Recent activity")
    await expect(events).to_contain_text("A remembered browser was copied; all were forgotten")
