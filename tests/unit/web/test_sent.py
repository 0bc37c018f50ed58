"""Codes that travel by message, through the pages: set up, chosen among, typed."""

import re
from collections.abc import AsyncIterator
from itertools import count
from typing import Any, cast

import pytest
import pytest_asyncio

from tests.mailbox import Mailbox
from tests.somebody import COOKIE, Somebody, somebody
from tests.visitor import Page
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGES: dict[str, Any] = {
    "factors": {
        "totp": {"issuer": "Shop"},
        "sms": {"transport": "texts", "default_region": "DE"},
        "email": {"transport": "mail"},
        "backup_codes": {"count": 8},
    },
    "transports": {
        "texts": {"plugin": "tests.texting:PLUGIN", "channel": "sms"},
        "mail": {"plugin": "tests.texting:PLUGIN", "channel": "email"},
    },
    "messages": {"regions": ["+49"]},
}
NUMBERS = (f"+49151123457{number:02}" for number in count(10))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("sent"), changes=CHANGES) as made:
        yield made


def network(here: World, name: str = "texts") -> Mailbox:
    return cast("Mailbox", here.sidecar.flows.kit.transports[name])


def code(here: World, to: str, name: str = "texts") -> str:
    """Return the code of the letter that came last, which went to this address."""
    letter = network(here, name).letters[-1]
    assert letter.to == to
    found = re.search(r"\b\d{6}\b", letter.text)
    assert found is not None
    if name == "texts":
        assert letter.text.endswith(f"\n@app.test #{found[0]}")
    return found[0]


async def number(who: Somebody, page: Page, to: str, name: str = "texts") -> Page:
    """Return the page after an address was typed and its code came back."""
    page = await who.visitor.submit(page, "enroll/finish", address=to, accept_risk="yes")
    assert page.status == 200, page.text
    # The page shows where the code went, and neither the code nor the whole address.
    typed = code(who.world, to, name)
    assert to not in page.text
    assert typed not in page.text
    page = await who.visitor.submit(page, "enroll/finish", code=typed)
    assert page.status == 200, page.text
    return page


async def newcomer(here: World) -> tuple[Somebody, str]:
    """Return somebody who set up a number, long ago enough to be sent another code."""
    who, to = await somebody(here, "identified"), next(NUMBERS)
    page = await who.visitor.open("/secret")
    invitation = await here.invite(who.name)
    page = await who.visitor.submit(page, "enroll/begin", factor="sms", invitation=invitation)
    await number(who, page, to)
    here.clock.travel(minutes=11)
    return who, to


async def away(who: Somebody) -> Page:
    """Return what a new browser of the person shows first."""
    who.visitor.cookies.pop(COOKIE, None)
    return await who.visitor.open("/secret")


async def second(who: Somebody) -> tuple[Page, str]:
    """Return the page after one more number, and that number."""
    to = next(NUMBERS)
    page = await who.visitor.open("/_sidecar/account")
    page = await who.visitor.submit(page, "enroll/begin", factor="sms")
    page = await who.visitor.submit(page, "challenge/begin")
    sent = network(who.world).letters[-1]
    page = await who.visitor.submit(page, "challenge/answer", code=code(who.world, sent.to))
    who.world.clock.travel(seconds=31)
    page = await number(who, page, to)
    who.world.clock.travel(minutes=11)
    return page, to


async def test_the_whole_way(here: World) -> None:
    """A newcomer's number shows every page once, and opens the application another day."""
    who, to = await newcomer(here)
    page = await away(who)
    before = len(network(here).letters)
    assert "••" in page.text
    assert to not in page.text
    await who.visitor.open("/secret")
    assert len(network(here).letters) == before  # looking sends nothing
    page = await who.visitor.submit(page, "challenge/begin")
    assert f"••{to[-2:]}" in page.text
    wrong = f"{(int(code(here, to)) + 1) % 1_000_000:06}"
    page = await who.visitor.submit(page, "challenge/answer", code=wrong)
    assert page.status == 422
    page = await who.visitor.submit(page, "challenge/answer", code=code(here, to))
    assert page.status == 200
    await who.visitor.open("/secret")
    assert "GET /secret" in here.application.reached[-1]


@pytest.mark.conforms("NIST-RESTA-2", "NIST-AUPSTN-1", "ASVS-6.6.1")
async def test_the_risk_is_told(here: World) -> None:
    """The page that takes a number shows its risk, and goes nowhere until that is accepted."""
    who = await somebody(here, "identified")
    page = await who.visitor.open("/secret")
    invitation = await here.invite(who.name)
    page = await who.visitor.submit(page, "enroll/begin", factor="sms", invitation=invitation)
    assert "Less safe than other ways" in page.text
    before = len(network(here).letters)
    for address, accepted in ((next(NUMBERS), ""), ("110", "yes")):
        fields = {"address": address, "accept_risk": accepted}
        page = await who.visitor.post(
            "/_sidecar/enroll/finish", {**page.form("enroll/finish").fields, **fields}
        )
        assert page.status == 422
        assert 'role="alert"' in page.text
    assert len(network(here).letters) == before


async def test_one_of_two_numbers(here: World) -> None:
    """Somebody with two numbers shows the one used last first, and may take the other."""
    who, first = await newcomer(here)
    _, other = await second(who)
    page = await away(who)
    choices = re.findall(r'name="authenticator" value="([^"]+)"', page.text)
    assert len(choices) == 2
    for chosen, to in ((0, first), (1, other)):
        page = await away(who)
        page = await who.visitor.submit(page, "challenge/begin", authenticator=choices[chosen])
        page = await who.visitor.submit(page, "challenge/answer", code=code(here, to))
        assert page.status == 200, page.text
        here.clock.travel(minutes=11)
    page = await away(who)
    assert re.findall(r'name="authenticator" value="([^"]+)"', page.text) == choices[::-1]


async def test_the_same_number_twice(here: World) -> None:
    """A number that works already shows that it is not set up again."""
    who, to = await newcomer(here)
    page = await who.visitor.open("/_sidecar/account")
    page = await who.visitor.submit(page, "enroll/begin", factor="sms")
    page = await who.visitor.submit(page, "challenge/begin")
    page = await who.visitor.submit(page, "challenge/answer", code=code(here, to))
    here.clock.travel(seconds=31)
    page = await who.visitor.submit(page, "enroll/finish", address=to, accept_risk="yes")
    assert page.status == 422
    assert 'role="alert"' in page.text


async def test_a_mailbox(here: World) -> None:
    """A mailbox shows the same way, without the notice."""
    who = await somebody(here, "identified")
    page = await who.visitor.open("/secret")
    invitation = await here.invite(who.name)
    page = await who.visitor.submit(page, "enroll/begin", factor="email", invitation=invitation)
    assert "accept_risk" not in page.text
    await number(who, page, f"{who.name}@x.test", "mail")
