"""Codes that travel by message, through the pages: set up, chosen among, typed."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.somebody import somebody
from tests.unit.web.sent import CHANGES, NUMBERS, away, code, network, newcomer, number, second
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("sent"), changes=CHANGES) as made:
        yield made


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
