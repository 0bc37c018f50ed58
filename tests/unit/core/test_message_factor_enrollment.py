from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import ResponseRejected
from sidecar.core.messages import Contact, Message
from sidecar.core.model import (
    AuthenticatorStatus,
    Enrolled,
    Prompt,
    Rejected,
    SharedSecret,
    Started,
)
from tests.unit.core.talk import EVE, NOW, Talk, another, asking, code_of, factor


@pytest.mark.conforms("ASVS-6.6.1")
async def test_an_address_is_enrolled_once_its_code_came_back() -> None:
    """Both steps show the prompts, the one message, and an authenticator only after its code."""
    talk = Talk()
    first = await talk.by.begin_enrollment(talk.context("new"), {})
    assert first.prompt == Prompt(
        "address", {"channel": "chat", "suggestion": "", "restricted": False, "regions": ("DE",)}
    )
    assert not first.messages
    second = await talk.address("@ADA")
    assert isinstance(second, Started)
    code = code_of(second)
    values = {"code": code, "minutes": "5", "host": "shop.example.com"}
    assert second.messages == (Message("chat", "confirm_address", "@ada", values, "pigeons"),)
    assert second.prompt == asking(6)
    assert second.expires_at == NOW + timedelta(minutes=5)
    assert await talk.confirm(second, another(code)) == Rejected("wrong")
    assert await talk.confirm(second, "no code") == Rejected("malformed")
    assert await talk.confirm(second, "") == Rejected("malformed")
    enrolled = await talk.confirm(second, code)
    assert isinstance(enrolled, Enrolled)
    assert (enrolled.detail, enrolled.contact) == ("@a•••", Contact("chat", "@ada"))
    assert enrolled.material == SharedSecret(b"@ada", {"last": ""})


async def test_an_address_may_come_with_the_request() -> None:
    """A request with an address shows that the code is asked for at once, or why it is not."""
    talk = Talk()
    step = await talk.by.begin_enrollment(talk.context("new"), {"address": "@ada"})
    assert step.prompt.kind == "message_code"
    assert isinstance(await talk.confirm(step, code_of(step)), Enrolled)
    for address in ("ada", ""):
        with pytest.raises(ResponseRejected, match="bad-address"):
            await talk.by.begin_enrollment(talk.context("new"), {"address": address})


async def test_no_code_goes_to_what_is_no_address() -> None:
    """An address that the plugin refuses shows its reason, and no message."""
    for to in ("ada", ""):
        assert await Talk().address(to) == Rejected("bad-address")
    talk = Talk()
    context = talk.context("new")
    first = await talk.by.begin_enrollment(context, {})
    outcome = await talk.by.finish_enrollment(context, first.state, {"code": "123456"})
    assert outcome == Rejected("bad-address")


@pytest.mark.conforms("NIST-RESTA-2", "NIST-AUPSTN-1", "ASVS-6.6.1")
@pytest.mark.parametrize("accepted", ["", "no", "YES", "true"])
async def test_the_risk_is_accepted_first(accepted: str) -> None:
    """A restricted factor shows that nothing is sent before its notice was accepted."""
    talk = Talk(by=factor(restricted=True))
    first = await talk.by.begin_enrollment(talk.context("new"), {})
    assert first.prompt.data["restricted"] is True
    refused = Rejected("risk-not-accepted")
    assert await talk.address("@ada") == refused
    assert await talk.address("@ada", accept_risk=accepted) == refused
    with pytest.raises(ResponseRejected, match="risk-not-accepted"):
        await talk.by.begin_enrollment(talk.context("new"), {"address": "@ada"})
    assert isinstance(await talk.address("@ada", accept_risk="yes"), Started)


async def test_an_address_is_enrolled_once_per_person() -> None:
    """An address that works already shows so; a disabled one, and another person's, do not."""
    talk = Talk()
    mine = await talk.enroll()
    assert await talk.address("@Ada", mine) == Rejected("already-registered")
    assert isinstance(await talk.address("@other", mine), Started)
    for held in (
        replace(mine, status=AuthenticatorStatus.DISABLED),
        replace(mine, material=None),
        replace(mine, person=EVE),
    ):
        assert isinstance(await talk.address("@ada", held), Started)


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.2")
async def test_an_enrollments_code_is_its_own() -> None:
    """THREATS 60: a code of one enrollment, at another or by another person, shows as wrong."""
    talk, eve = Talk(), Talk(EVE)
    step = await talk.address("@ada")
    theirs = await eve.address("@ada")
    assert isinstance(step, Started)
    assert isinstance(theirs, Started)
    wrong = Rejected("wrong")
    assert await talk.confirm(step, code_of(step), which="another") == wrong
    assert await eve.confirm(step, code_of(step)) == wrong
    assert await talk.confirm(theirs, code_of(theirs)) == wrong


@pytest.mark.conforms("NIST-OBV-3", "ASVS-6.5.5")
async def test_an_enrollments_code_ends() -> None:
    """A code that came too late shows that it enrolls nobody."""
    talk = Talk()
    step = await talk.address("@ada")
    assert isinstance(step, Started)
    talk.now += timedelta(minutes=5)
    assert await talk.confirm(step, code_of(step)) == Rejected(over=True)
