"""The pages before a first enrollment that is confirmed."""

import re
from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio

from sidecar.core.errors import DeliveryFailed
from tests.mailbox import Mailbox
from tests.somebody import somebody
from tests.visitor import Visitor
from tests.world import ASKING, REALM, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOX = {"plugin": "tests.texting:PLUGIN", "channel": "email"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    changes = {"enrollment": {"first": "confirmed"}, "transports": {"mail": BOX}}
    async with world(tmp_path_factory.mktemp("confirm"), changes=changes) as made:
        yield made


def box(there: World) -> Mailbox:
    return cast("Mailbox", there.sidecar.flows.kit.transports["mail"])


def code(there: World) -> str:
    found = re.search(r"\b\d{6}\b", box(there).letters[-1].text)
    assert found is not None
    return found[0]


async def newcomer(there: World) -> Visitor:
    """Return a new person's browser, signed in to the application."""
    return (await somebody(there, "identified")).visitor


async def test_a_newcomer_is_sent_a_code_and_sets_up(there: World) -> None:
    """A first visit shows the masked address, then the code's page, then setting up, and in the
    end the page that was asked for.
    """
    who = await newcomer(there)
    page = await who.open("/secret")
    assert "/_sidecar/confirm?" in page.url
    assert "Before you set up two-step sign-in, we send you a code" in page.text
    assert "@example.com" in page.text
    page = await who.submit(page, "confirm/begin")
    assert "Type the code that we sent you" in page.text
    assert code(there) not in page.text
    page = await who.submit(page, "confirm/answer", code=code(there))
    assert "confirmed=1" in page.url
    assert 'name="invitation"' not in page.text
    page = await who.submit(page, "enroll/begin", factor="totp")
    link = next(link for link in page.links if link.startswith("otpauth:"))
    who.secret = link.partition("secret=")[2].partition("&")[0]
    await who.submit(page, "enroll/finish", code=who.code())
    assert (await who.open("/secret")).status == 200
    assert (await who.send("GET", "/_sidecar/confirm")).location.endswith("/_sidecar/enroll")


async def test_saying_so_is_not_being_confirmed(there: World) -> None:
    """The address of a confirmed newcomer, opened by hand, shows that it leads back to the code."""
    who = await newcomer(there)
    page = await who.open("/_sidecar/enroll?confirmed=1")
    page = await who.submit(page, "enroll/begin", factor="totp")
    assert page.url.endswith("/_sidecar/confirm")


async def test_a_wrong_and_an_old_code(there: World) -> None:
    """A wrong code shows the page again with what was wrong; one for a challenge that is over shows
    the first page.
    """
    who = await newcomer(there)
    page = await who.open("/secret")
    page = await who.submit(page, "confirm/begin")
    wrong = f"{(int(code(there)) + 1) % 10**6:06}"
    told = await who.submit(page, "confirm/answer", code=wrong)
    assert told.status == 422
    assert "That code is not right" in told.text
    there.clock.travel(minutes=10)
    told = await who.submit(page, "confirm/answer", code=code(there))
    assert told.status == 410
    assert told.form("confirm/begin").fields["target"] == "email"
    which = page.form("confirm/answer").fields["challenge"]
    told = await who.open(f"/_sidecar/confirm?challenge={which}")
    assert told.form("confirm/begin").fields["target"] == "email"


async def test_too_many_tries(there: World) -> None:
    """A sixth try shows that it has to wait, and for how long."""
    who = await newcomer(there)
    page = await who.open("/secret")
    page = await who.submit(page, "confirm/begin")
    for _ in range(5):
        await who.submit(page, "confirm/answer", code="1")
    told = await who.submit(page, "confirm/answer", code=code(there))
    assert told.status == 429
    assert int(told.headers["Retry-After"]) > 60


async def test_sent_again(there: World) -> None:
    """A code that is sent again shows the same code, and that it was; too early shows when."""
    who = await newcomer(there)
    page = await who.open("/secret")
    page = await who.submit(page, "confirm/begin")
    first, before = code(there), len(box(there).letters)
    told = await who.submit(page, "confirm/again")
    assert told.status == 429
    there.clock.travel(seconds=31)
    told = await who.submit(page, "confirm/again")
    assert "We sent it once more" in told.text
    assert (code(there), len(box(there).letters)) == (first, before + 1)
    there.clock.travel(minutes=10)
    told = await who.submit(page, "confirm/again")
    assert told.form("confirm/begin").fields["target"] == "email"


async def test_a_provider_that_is_down(there: World) -> None:
    """A code that went nowhere shows so, on a page that takes it all the same."""
    who = await newcomer(there)
    page = await who.open("/secret")
    box(there).broken = DeliveryFailed("down")
    page = await who.submit(page, "confirm/begin")
    box(there).broken = None
    assert page.status == 200
    there.clock.travel(seconds=31)
    page = await who.submit(page, "confirm/again")
    page = await who.submit(page, "confirm/answer", code=code(there))
    assert "confirmed=1" in page.url


async def test_a_fourth_code(there: World) -> None:
    """Codes that were asked for too often show the first page, with when to come back."""
    who = await newcomer(there)
    start = await who.open("/secret")
    for _ in range(3):
        await who.submit(start, "confirm/begin")
        there.clock.travel(seconds=40)
    told = await who.submit(start, "confirm/begin")
    assert told.status == 429
    assert told.form("confirm/begin").fields["target"] == "email"


async def test_an_invitation_is_still_taken(there: World) -> None:
    """Whom no code reaches shows that an operator's invitation opens, and a wrong one does not."""
    who = await somebody(there, "identified")
    page = await who.visitor.open("/secret")
    link = next(link for link in page.links if "invited=1" in link)
    page = await who.visitor.open(link)
    told = await who.visitor.submit(page, "enroll/begin", factor="totp", invitation="wrong")
    assert told.status == 403
    assert 'name="invitation"' in told.text
    right = await there.invite(who.name)
    page = await who.visitor.submit(told, "enroll/begin", factor="totp", invitation=right)
    assert any(link.startswith("otpauth:") for link in page.links)


async def test_without_a_stated_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A source that states no address shows the field for an invitation, and whom to ask."""
    asking = {key: value for key, value in ASKING.items() if key != "email"}
    changes = {
        "enrollment": {"first": "confirmed"},
        "transports": {"mail": BOX},
        "identity": {REALM: asking},
    }
    async with world(tmp_path_factory.mktemp("unstated"), changes=changes) as place:
        who = place.visitor()
        await who.sign_in("grace")
        page = await who.open("/secret")
        assert 'name="invitation"' in page.text
        page = await who.submit(page, "enroll/begin", factor="totp", invitation="")
        assert "/_sidecar/invitation" in page.url
        page = await who.open("/_sidecar/confirm")
        assert "/_sidecar/enroll" in page.url
