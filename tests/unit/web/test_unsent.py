"""Messages that do not go out, go out again, or go out too often: what people are shown."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sidecar.core.errors import DeliveryFailed, Undelivered
from tests.somebody import Somebody, somebody
from tests.unit.web.sent import CHANGES, NUMBERS, away, code, network, newcomer, number, second
from tests.visitor import Page
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("unsent"), changes=CHANGES) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _mended(here: World) -> AsyncIterator[None]:
    yield
    network(here).broken = None


async def sent(here: World) -> tuple[Somebody, Page, str]:
    """Return somebody to whom a code was just sent, the page, and the number."""
    who, to = await newcomer(here)
    page = await who.visitor.submit(await away(who), "challenge/begin")
    return who, page, to


async def test_a_failure_leaves_the_other_ways(here: World) -> None:
    """A code that cannot be sent shows that, in place, with another try and every other way."""
    who, _ = await newcomer(here)
    page = await away(who)
    network(here).broken = DeliveryFailed("down")
    page = await who.visitor.submit(page, "challenge/begin")
    assert page.status == 200
    assert "The text message could not be sent. It is not your fault." in page.text
    assert "Try again, or use another way." in page.text
    assert "Backup codes" in page.text
    assert 'name="code"' not in page.text
    network(here).broken = None
    here.clock.travel(minutes=1)
    page = await who.visitor.submit(page, "challenge/begin")
    assert "Code from the text message" in page.text


async def test_what_may_have_arrived_can_be_typed(here: World) -> None:
    """A provider that does not answer shows the field as ever: the message may come."""
    who, _ = await newcomer(here)
    page = await away(who)
    network(here).broken = DeliveryFailed("silence", why=Undelivered.UNSURE)
    page = await who.visitor.submit(page, "challenge/begin")
    assert page.status == 200
    assert 'role="alert"' not in page.text
    assert page.form("challenge/answer").fields["challenge"]


@pytest.mark.conforms("NIST-OBV-7")
async def test_sending_again(here: World) -> None:
    """Too early shows when; then the same code goes out once more, and is taken."""
    who, page, to = await sent(here)
    first = code(here, to)
    before = len(network(here).letters)
    early = await who.visitor.submit(page, "challenge/again")
    assert early.status == 429
    assert int(early.headers["Retry-After"]) > 0
    assert "We cannot send another message yet. Try again in" in early.text
    assert early.form("challenge/answer").fields["challenge"]
    assert len(network(here).letters) == before
    here.clock.travel(seconds=61)
    page = await who.visitor.submit(early, "challenge/again")
    assert "We sent it once more." in page.text
    assert len(network(here).letters) == before + 1
    assert code(here, to) == first
    page = await who.visitor.submit(page, "challenge/answer", code=first)
    assert page.status == 200


async def test_sending_again_can_fail(here: World) -> None:
    """A second message that does not go out shows that, and the field for the first one."""
    who, page, to = await sent(here)
    here.clock.travel(seconds=61)
    network(here).broken = DeliveryFailed("down")
    page = await who.visitor.submit(page, "challenge/again")
    assert page.status == 200
    assert "could not be sent" in page.text
    page = await who.visitor.submit(page, "challenge/answer", code=code(here, to))
    assert page.status == 200


async def test_an_old_page_cannot_send(here: World) -> None:
    """A page left open for too long shows that it is over, and how to start again."""
    who, page, _ = await sent(here)
    here.clock.travel(minutes=11)
    page = await who.visitor.submit(page, "challenge/again")
    assert page.status == 410
    assert "This took longer than it may." in page.text
    assert page.form("challenge/begin").fields["factor"] == "sms"


async def test_too_often(here: World) -> None:
    """Codes asked for one upon the other show when the next can be sent, and the field for the one
    that is on its way; where that did not arrive, other ways and the way back to this one.
    """
    who, first, to = await sent(here)
    asked = first.form("challenge/answer").fields["challenge"]
    page = await who.visitor.submit(await who.visitor.open("/secret"), "challenge/begin")
    assert page.status == 429
    assert page.form("challenge/answer").fields["challenge"] == asked
    assert "We cannot send another message yet. Try again in" in page.text
    page = await who.visitor.submit(page, "challenge/answer", code=code(here, to))
    assert page.status == 200
    page = await who.post("challenge/begin", factor="sms")
    assert page.status == 429
    assert "We cannot send another message yet." in page.text
    assert "Until then you can use another way." in page.text
    assert [link for link in page.links if "challenge?factor=sms" in link]
    assert 'action="/_sidecar/challenge/answer"' not in page.text


async def test_setting_up_goes_on_after_a_failure(here: World) -> None:
    """A first code that does not go out shows that, and goes out on the next try."""
    who = await somebody(here, "identified")
    page = await who.visitor.open("/secret")
    page = await who.visitor.submit(
        page, "enroll/begin", factor="sms", invitation=await here.invite(who.name)
    )
    to = next(NUMBERS)
    network(here).broken = DeliveryFailed("down")
    page = await who.visitor.submit(page, "enroll/finish", address=to, accept_risk="yes")
    assert page.status == 200
    assert "could not be sent" in page.text
    page = await who.visitor.submit(page, "enroll/again")
    assert "could not be sent" in page.text
    network(here).broken = None
    page = await who.visitor.submit(page, "enroll/again")
    assert "We sent it once more." in page.text
    page = await who.visitor.submit(page, "enroll/finish", code=code(here, to))
    assert "Save your backup codes" in page.text


async def test_nobody_at_that_number(here: World) -> None:
    """A number that the provider knows of nobody shows what a number looks like."""
    who = await somebody(here, "identified")
    page = await who.visitor.open("/secret")
    page = await who.visitor.submit(
        page, "enroll/begin", factor="sms", invitation=await here.invite(who.name)
    )
    network(here).broken = DeliveryFailed("nobody", why=Undelivered.RECIPIENT)
    page = await who.visitor.submit(
        page, "enroll/finish", address="+4915112345999", accept_risk="yes"
    )
    assert "We cannot send to that number." in page.text


async def test_what_was_typed_stays(here: World) -> None:
    """A number with a mistake shows again as it was typed, and so does the tick."""
    who = await somebody(here, "identified")
    page = await who.visitor.open("/secret")
    page = await who.visitor.submit(
        page, "enroll/begin", factor="sms", invitation=await here.invite(who.name)
    )
    page = await who.visitor.submit(page, "enroll/finish", address="+49 15", accept_risk="yes")
    fields = page.form("enroll/finish").fields
    assert (fields["address"], fields["accept_risk"]) == ("+49 15", "yes")
    assert "Passkey" not in page.text
    assert "Authenticator app" in page.text


async def test_one_more_method_is_offered(here: World) -> None:
    """After a first number and its codes the page shows what to add, and the way on."""
    who = await somebody(here, "identified")
    page = await who.visitor.open("/secret")
    page = await who.visitor.submit(
        page, "enroll/begin", factor="sms", invitation=await here.invite(who.name)
    )
    page = await number(who, page, next(NUMBERS))
    page = await who.visitor.submit(page, "enroll/kept", kept="yes")
    assert "Two-step sign-in is on" in page.text
    onward = next(link for link in page.links if "/continue?next=" in link)
    assert f"url={here.origin}/secret" in (await who.visitor.open(onward)).text


async def test_two_numbers_and_their_names(here: World) -> None:
    """A second number shows a field for its name; both are told apart on the account page."""
    who, _ = await newcomer(here)
    page, other = await second(who, name="Work  phone")
    assert "<bdi>Work phone</bdi>" in page.text
    assert f"••{other[-2:]}</bdi>" in page.text
    assert "Where we write to you" in page.text
    assert other not in page.text


async def test_a_name_that_does_not_work(here: World) -> None:
    """A name of odd characters shows its own field again, and nothing is set up."""
    who, _ = await newcomer(here)
    page, _ = await second(who, name="a\u202eb")
    assert page.status == 422
    assert "That name does not work." in page.text


async def test_only_what_opens_the_page_is_offered(here: World) -> None:
    """Somebody led here by a rule shows why, and only the kinds that the rule takes."""
    who, _ = await newcomer(here)
    stopped = (await away(who)).url.partition("next=")[2].partition("&")[0]
    page = await who.get(f"enroll?factors=totp&next={stopped}")
    assert "/_sidecar/challenge?next=" in page.location  # a proof comes first
    page = await who.visitor.submit(await away(who), "challenge/begin")
    sent_to = network(here).letters[-1].to
    await who.visitor.submit(page, "challenge/answer", code=code(here, sent_to))
    page = await who.get("enroll?factors=totp")
    assert page.form("enroll/begin").fields["factor"] == "totp"
    assert "Text message" not in page.text
