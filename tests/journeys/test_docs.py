"""The page of the management API in a browser: read, and tried."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from sidecar.core.clients import Scope
from sidecar.flows.clients import Clients, Request
from tests.journeys.person import AXE, RULES
from tests.unit.flows.scene import quick_folder
from tests.world import World, world

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="session")]
LISTEN = {"public": "127.0.0.1:0", "management": "127.0.0.1:0"}


@pytest_asyncio.fixture(loop_scope="session")
async def managed() -> AsyncIterator[World]:
    with quick_folder() as folder:
        async with world(folder, changes={"listen": LISTEN}) as here:
            yield here


async def opened(browser: Browser, here: World, **options: object) -> tuple[Page, str]:
    """Return the page, which must not complain, and a token that opens everything."""
    kit = here.sidecar.flows.kit
    wanted = Request("tests", frozenset(Scope), timedelta(days=1))
    token, _ = await Clients(kit.store, kit.tokens, here.clock).create(wanted, "operator:x")
    management = here.sidecar.management
    assert management is not None
    await management.look()
    page = await browser.new_page(**options)  # type: ignore[arg-type]  # its options, by name
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(f"http://127.0.0.1:{management.port}/docs")
    return page, token


async def test_a_call_can_be_tried(browser: Browser, managed: World) -> None:
    """Without a token a call shows 401; with it what the API answers; nothing is stored."""
    page, token = await opened(browser, managed)
    call = page.locator("#createConfig")
    await call.get_by_text("Try it").click()
    await call.get_by_role("button", name="Send POST").click()
    await expect(call.locator("[data-status]")).to_have_text("401")
    await page.get_by_label("API token").fill(token)
    await call.get_by_role("button", name="Send POST").click()
    await expect(call.locator("[data-status]")).to_have_text("201")
    await expect(call.locator("[data-answer]")).to_contain_text('"user_id": "app_login:alice"')
    read = page.locator("#readConfig")
    await read.get_by_text("Try it").click()
    await read.locator("[name=user_id]").fill("alice")
    await read.get_by_role("button", name="Send GET").click()
    await expect(read.locator("[data-status]")).to_have_text("200")
    kept = await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    await page.close()


async def test_a_call_is_found(browser: Browser, managed: World) -> None:
    """Typing a part of a path shows the calls that have it, and no others."""
    page, _ = await opened(browser, managed)
    await page.get_by_role("searchbox", name="Find a call").fill("disable")
    links = page.locator(".api-nav li:visible")
    await expect(links).to_have_count(1)
    await links.first.click()
    await expect(page.locator("#disable")).to_be_in_viewport()
    await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_it(browser: Browser, managed: World, scheme: str) -> None:
    """Axe finds nothing on the page, wide or narrow; a narrow screen shows no sideways scroll."""
    page, _ = await opened(browser, managed, color_scheme=scheme)
    for element in await page.locator("#createConfig summary").all():
        await element.click()
    for width in (1280, 320):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.evaluate(AXE)
        asked = "async (rules) => (await axe.run(document, rules)).violations"
        found = await page.evaluate(asked, RULES)
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    await page.close()
