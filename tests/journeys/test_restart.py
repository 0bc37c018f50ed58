"""The sidecar as a real process, killed between any two steps: nothing confirmed is lost."""

import asyncio

import aiohttp
import pytest
from yarl import URL

from sidecar.core.model import Event
from tests.machine import Machine, machine
from tests.visitor import Page, Visitor, _codes_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def newcomer(at: Machine, *, crash: bool = False) -> tuple[Visitor, Page]:
    """Return a browser that has signed in, and the page of its open enrollment."""
    browser = at.visitor()
    await browser.sign_in()
    page = await browser.open("/secret")
    code = await at.invite("ada")
    if crash:
        await at.crash()
    page = await browser.submit(page, "enroll/begin", factor="totp", invitation=code)
    link = next(link for link in page.links if link.startswith("otpauth:"))
    browser.secret = str(URL(link).query["secret"])
    return browser, page


def names(events: tuple[Event, ...]) -> list[str]:
    return [event.name for event in events]


async def return_visits(at: Machine, browser: Visitor) -> None:
    """Answer challenges with spare codes, across restarts."""
    again = at.visitor()
    again.cookies = {"app": browser.cookies["app"]}
    page = await again.open("/secret")
    page = await again.open(f"{page.url}&factor=backup_codes")
    page = await again.submit(page, "challenge/answer", code="0000-0000-0000-0000-0000")
    assert page.status == 422
    await at.crash()
    page = await again.submit(page, "challenge/answer", code=browser.codes[0])
    await at.crash()
    assert (await again.open("/secret")).text.endswith("for ada")
    assert names(await at.history())[:2] == ["challenge.verified", "challenge.rejected"]

    third = at.visitor()
    third.cookies = {"app": browser.cookies["app"]}
    page = await third.open("/secret")
    page = await third.open(f"{page.url}&factor=backup_codes")
    page = await third.submit(page, "challenge/answer", code=browser.codes[0])
    assert page.status == 422  # spent before the kill, and spent after it
    assert not third.cookies.get("__Host-sidecar-known")


@pytest.mark.conforms("ASVS-16.5.3")
async def test_killed_after_every_step_it_goes_on_where_it_was() -> None:
    """A first visit and a return, with a kill -9 after each step, show nothing asked twice.

    Sessions, open enrollments, confirmed factors, kept codes, open challenges, proofs and audit
    rows are all there after each restart (promise 8).
    """
    async with machine() as at:
        browser, page = await newcomer(at, crash=True)
        await at.crash()
        page = await browser.open(page.url)
        assert browser.secret in page.text.replace(" ", "")
        page = await browser.submit(page, "enroll/finish", code=browser.code())
        browser.codes = _codes_in(page.text)
        assert len(browser.codes) == 10
        await at.crash()
        assert names(await at.history())[0] == "authenticator.added"
        page = await browser.open(page.url)
        assert _codes_in(page.text) == browser.codes
        await browser.submit(page, "enroll/kept", kept="yes")
        await at.crash()
        assert (await browser.open("/secret")).text.endswith("for ada")
        await return_visits(at, browser)


async def test_killed_amid_forty_answers_the_count_stands() -> None:
    """THREATS 50: a kill -9 in the midst of parallel guesses shows no guess forgotten by it."""
    async with machine() as at:
        browser, page = await newcomer(at)
        page = await browser.submit(page, "enroll/finish", code=browser.code())
        thief = at.visitor()
        thief.cookies = {"app": browser.cookies["app"]}
        judged = 0

        async def guess() -> int:
            nonlocal judged
            page = await thief.open("/secret")
            answer = await thief.submit(page, "challenge/answer", follow=0, code="000000")
            judged += answer.status == 422
            return answer.status

        async def guess_and_kill() -> None:
            await guess()
            if judged >= 2:
                await at.kill()

        await asyncio.gather(*(guess_and_kill() for _ in range(40)), return_exceptions=True)
        await at.crash()
        for _ in range(8):
            try:
                await guess()
            except aiohttp.ClientError:
                continue
        assert 2 <= judged <= 5
        assert await guess() == 429
