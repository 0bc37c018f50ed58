"""Keys through the whole sidecar: what a browser is asked on a page, and what it posts."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from plugins.factors.webauthn._base64url import encoded
from sidecar.conformance.softkey import SoftKey
from sidecar.core.model import Prompt, Response
from sidecar.settings.faults import ConfigError
from tests.visitor import Page, Visitor
from tests.world import ORIGIN, World, world

FACTORS = {
    "factors": {
        "webauthn": {"rp_id": "app.test", "rp_name": "Shop"},
        "backup_codes": {"count": 10},
    }
}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    """A sidecar that knows keys, and codes for whoever loses theirs."""
    async with world(tmp_path, changes=FACTORS) as made:
        yield made


def asked(page: Page) -> Prompt:
    """What the script of the page would ask the browser for."""
    options = re.search(r'data-options="([^"]*)"', page.text)
    assert options, page.text
    return Prompt("webauthn", {"options": unescape(options[1])})


async def enroll(here: World, soft: SoftKey, user: str = "ada") -> Visitor:
    """The browser of somebody who has set up this key, and kept their codes."""
    browser = here.visitor()
    await browser.sign_in(user)
    page = await browser.open("/")
    code = await here.invite(user)
    page = await browser.submit(page, "enroll/begin", factor="webauthn", invitation=code)
    made = soft.create(asked(page), origin=ORIGIN)["credential"]
    page = await browser.submit(page, "enroll/finish", credential=made)
    await browser.submit(page, "enroll/kept", kept="yes")
    return browser


async def ask(here: World, user: str = "ada") -> tuple[Visitor, Page]:
    """Another browser of somebody who knows the password, and the page that it is shown."""
    browser = here.visitor()
    await browser.sign_in(user)
    return browser, await browser.open("/")


async def answer(browser: Visitor, page: Page, response: Response) -> Page:
    """What the browser shows after the script has posted this."""
    return await browser.submit(page, "challenge/answer", credential=response["credential"])


async def is_in(browser: Visitor) -> bool:
    return (await browser.send("GET", "/")).status == 200


@pytest.mark.conforms("ASVS-6.3.3", "NIST-AAL2AVR-6")
async def test_a_key_opens_the_application(here: World) -> None:
    """A key that was set up on a page shows, in another browser, that it opens the application."""
    soft = SoftKey()
    assert await is_in(await enroll(here, soft))
    browser, page = await ask(here)
    assert not await is_in(browser)
    await answer(browser, page, soft.get(asked(page), origin=ORIGIN))
    assert await is_in(browser)


@pytest.mark.threat(61, 62, 63)
async def test_other_answers_open_nothing(here: World) -> None:
    """THREATS 61 to 63: other pages', other keys' and bare answers show the page once more."""
    soft = SoftKey()
    await enroll(here, soft)
    browser, page = await ask(here)
    name = encoded(soft.credential_id)
    bare = {"credential": json.dumps({"id": name, "rawId": name, "type": "public-key"})}
    posing = SoftKey(credential_id=soft.credential_id)
    for response in (
        soft.get(asked(page), origin="https://evil.app.test"),
        soft.get(asked(page), origin=ORIGIN, up=False),
        posing.get(asked(page), origin=ORIGIN),
        bare,
    ):
        page = await answer(browser, page, response)
        assert page.status == 422
        assert not await is_in(browser)
    await answer(browser, page, soft.get(asked(page), origin=ORIGIN))
    assert await is_in(browser)


@pytest.mark.threat(63)
async def test_a_page_is_answered_once(here: World) -> None:
    """THREATS 63: the challenge of a page, answered wrongly once, shows that it takes no answer."""
    soft = SoftKey()
    await enroll(here, soft)
    browser, page = await ask(here)
    wrong = soft.get(asked(page), origin="https://evil.app.test")
    assert (await answer(browser, page, wrong)).status == 422
    late = await answer(browser, page, soft.get(asked(page), origin=ORIGIN))
    assert late.status in {410, 422}
    assert not await is_in(browser)


@pytest.mark.threat(63)
async def test_what_one_browser_was_asked_answers_for_no_other(here: World) -> None:
    """THREATS 63: an answer that was lured out of its owner shows that it fits no other session."""
    soft = SoftKey()
    await enroll(here, soft)
    thief, page = await ask(here)
    _, other = await ask(here)
    lured = soft.get(asked(other), origin=ORIGIN)
    assert (await answer(thief, page, lured)).status == 422
    assert not await is_in(thief)


@pytest.mark.conforms("NIST-VNB-3")
@pytest.mark.parametrize("rp_id", ["test", "192.0.2.1", "shop.example.com"])
async def test_a_place_that_binds_nothing_is_found_at_start(tmp_path: Path, rp_id: str) -> None:
    """An rp_id that binds keys to nobody, or to somebody else, shows a fault with its place."""
    wrong = {"factors": {"webauthn": {"rp_id": rp_id, "rp_name": "Shop"}}}
    with pytest.raises(ConfigError) as found:
        async with world(tmp_path, changes=wrong):
            pass
    [fault] = [str(fault) for fault in found.value.faults if not fault.warning]
    assert "factors.webauthn" in fault
    assert f"rp_id {rp_id}" in fault
