from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.message_codes import MessageCodes
from sidecar.core.message_factor import MessageFactor
from sidecar.core.messages import Message
from sidecar.core.model import (
    AuthenticatorStatus,
    PublicKey,
    Rejected,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import FactorTraits
from tests.unit.core.talk import (
    EVE,
    NOW,
    OVER,
    Chat,
    Talk,
    another,
    asking,
    code_of,
    factor,
    keyed,
    used,
)


async def test_a_code_proves_its_address() -> None:
    """A challenge shows its prompt, its message, how it is proven, and what is remembered."""
    talk = Talk(by=factor(digits=8))
    mine = await talk.enroll()
    begun = await talk.begin(mine)
    code = code_of(begun)
    values = {"code": code, "minutes": "5", "host": "shop.example.com"}
    assert begun.messages == (Message("chat", "sign_in_code", "@ada", values, "pigeons"),)
    assert begun.prompt == asking(8)
    assert begun.expires_at == NOW + timedelta(minutes=5)
    assert await talk.answer(begun, mine, code=another(code)) == Rejected("wrong")
    outcome = await talk.answer(begun, mine)
    material = SharedSecret(b"@ada", {"last": "first"})
    assert outcome == Verified(mine.id, ("chat",), material)


@pytest.mark.threat(52, 53)
@pytest.mark.conforms("ASVS-6.5.1", "NIST-OBV-4", "NIST-AAL2AVR-3")
async def test_a_code_is_accepted_once() -> None:
    """THREATS 52, 53: an accepted code shows that it and all others on their way are spent.

    Of two at once the swap lets one through, as both replace the same material.
    """
    talk = Talk()
    mine = await talk.enroll()
    begun, other = await talk.begin(mine), await talk.begin(mine, which="second")
    outcomes = [await talk.answer(begun, mine), await talk.answer(other, mine, which="second")]
    materials = [outcome.material for outcome in outcomes]
    assert mine.material not in materials
    after = used(mine, outcomes[0])
    assert await talk.answer(begun, after) == OVER
    assert await talk.answer(other, after, which="second") == OVER
    assert await talk.answer(other, after, which="second", code="000-") == Rejected("malformed")
    third = await talk.begin(after, which="third")
    assert isinstance(await talk.answer(third, after, which="third"), Verified)


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.2")
async def test_a_challenges_code_is_its_own() -> None:
    """THREATS 60: the code of one challenge at another, or of A at B, shows as wrong."""
    talk, eve = Talk(), Talk(EVE)
    mine, hers = await talk.enroll(), await eve.enroll("@eve")
    one, two = await talk.begin(mine), await talk.begin(mine, which="second")
    wrong = Rejected("wrong")
    if code_of(one) != code_of(two):
        assert await talk.answer(two, mine, which="second", code=code_of(one)) == wrong
    assert await talk.answer(one, mine, which="second") == wrong
    assert await eve.answer(one, mine, hers) == wrong
    begun = await eve.begin(hers)
    assert await talk.answer(begun, mine, hers) == wrong
    enrollment = await talk.address("@ada", which="first")
    assert isinstance(enrollment, Started)
    assert await talk.answer(enrollment, mine) == OVER


async def test_where_the_code_goes() -> None:
    """Several addresses show that the last used gets the code, else the newest."""
    talk = Talk()
    first = await talk.enroll("@one")
    talk.now += timedelta(days=1)
    second = await talk.enroll("@two")
    begun = await talk.begin(first, second)
    assert begun.messages[0].to == "@two"
    first = replace(first, last_used_at=NOW + timedelta(hours=1))
    begun = await talk.begin(second, first)
    assert begun.messages[0].to == "@one"
    outcome = await talk.answer(begun, second, first)
    assert isinstance(outcome, Verified)
    assert outcome.authenticator_id == first.id
    second = replace(second, last_used_at=NOW + timedelta(hours=2))
    assert (await talk.begin(first, second)).messages[0].to == "@two"


async def test_only_what_the_code_went_to_is_verified() -> None:
    """An address that is gone, changed, unusable or another's shows that no other stands in."""
    talk = Talk()
    mine, other = await talk.enroll("@one"), await talk.enroll("@two")
    begun = await talk.begin(mine)
    for held in (
        (),
        (other,),
        (other, replace(mine, status=AuthenticatorStatus.SUSPENDED)),
        (other, replace(mine, material=None)),
        (other, replace(mine, material=PublicKey(b"id", b"key", 1))),
        (other, replace(mine, material=SharedSecret(b"@one"))),
        (other, replace(mine, material=other.material)),
        (other, replace(mine, person=EVE)),
    ):
        assert await talk.answer(begun, *held) == OVER
    assert isinstance(await talk.answer(begun, other, mine), Verified)


async def test_nobody_to_write_to() -> None:
    """A person with nothing usable shows a prompt, no message, and no answer to it."""
    talk = Talk()
    mine = await talk.enroll()
    for held in ((), (replace(mine, material=None),), (replace(mine, person=EVE),)):
        begun = await talk.begin(*held)
        assert begun.prompt.kind == "message_code"
        assert begun.prompt.data["to"] == ""
        assert not begun.messages
        assert await talk.answer(begun, *held, mine, code="000000") == Rejected(over=True)


@pytest.mark.conforms("NIST-OBV-3", "ASVS-6.5.5")
async def test_a_challenges_code_ends() -> None:
    """A code at its last moment and at the next shows when it is too late."""
    talk = Talk()
    mine = await talk.enroll()
    begun = await talk.begin(mine)
    talk.now += timedelta(minutes=5, microseconds=-1)
    assert isinstance(await talk.answer(begun, mine), Verified)
    talk.now += timedelta(microseconds=1)
    assert await talk.answer(begun, mine) == Rejected(over=True)


async def test_nothing_is_told() -> None:
    """The reprs of everything that passes show neither the code nor the address."""
    talk = Talk()
    mine = await talk.enroll("@ada-lovelace")
    begun = await talk.begin(mine)
    outcome = await talk.answer(begun, mine)
    told = f"{begun!r}{begun.prompt.data}{outcome!r}{mine!r}{talk.by!r}"
    assert code_of(begun) not in told
    assert "lovelace" not in told


async def test_without_an_origin() -> None:
    """Where no origin is known the message shows no host to bind the code to."""
    codes = MessageCodes(keyed)
    talk = Talk(by=MessageFactor(FactorTraits("possession", channel="chat"), Chat(), codes))
    step = await talk.address("@ada")
    assert isinstance(step, Started)
    assert step.messages[0].values["host"] == ""
    assert step.messages[0].transport == ""
