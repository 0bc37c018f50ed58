"""Codes to stated addresses: where they go, how often, and how many tries there are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    DeliveryFailed,
    InvitationNeeded,
    ResponseRejected,
    TooManyAttempts,
)
from sidecar.core.model import ChallengeId
from sidecar.flows.confirm import COUNTED
from tests.unit.flows.newcomers import CONFIRMED, begun, box, code_in, set_up, stating
from tests.unit.flows.scene import ADA, Phone, Scene, scene, secret_of


@pytest.fixture
async def there(folder: Path) -> AsyncIterator[Scene]:
    """Flows that confirm newcomers."""
    async with scene(folder, first=CONFIRMED) as made:
        yield made


@pytest.mark.conforms("NIST-OBV-6")
async def test_wrong_codes_are_counted_and_disable_nothing(there: Scene) -> None:
    """Five wrong codes show the sixth unchecked, in whatever challenge; the hundredth disables
    nothing, and an invitation opens all the same.
    """
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    wrong = {"code": f"{(int(answer['code']) + 1) % 10**6:06}"}
    for _ in range(5):
        with pytest.raises(ResponseRejected):
            await there.flows.confirmations.answer(visit, challenge.id, wrong)
    with pytest.raises(TooManyAttempts):
        await there.flows.confirmations.answer(visit, challenge.id, answer)
    for _ in range(95):
        there.clock.travel(minutes=5)
        async with there.store.begin() as tx:
            try:
                claim = await tx.attempts.claim(
                    *(ADA, COUNTED), known=True, challenge=challenge.id, now=there.clock()
                )
            except TooManyAttempts:
                continue
            await tx.attempts.settle(claim, verified=False, now=there.clock())
    visit, _ = await there.enter()
    code = await there.people.invite(ADA, "desk")
    begin = await there.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    phone = Phone(secret_of(begin.prompt))
    assert await there.flows.enrollments.finish(visit, begin.id, phone.code(there.clock))
    assert (await there.held())[0].usable


@pytest.mark.threat(57)
async def test_guesses_of_somebody_else_do_not_shut_a_newcomer_out_for_good(there: Scene) -> None:
    """THREATS 57: whoever knows a newcomer's password types wrong codes for a day; shows that the
    newcomer's own code is taken a month later.
    """
    for _ in range(50):
        there.clock.travel(minutes=4)
        async with there.store.begin() as tx:
            claim = await tx.attempts.claim(
                *(ADA, COUNTED), known=False, challenge=ChallengeId("old"), now=there.clock()
            )
            await tx.attempts.settle(claim, verified=False, now=there.clock())
    there.clock.travel(days=31)
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    assert "person.confirmed" in await there.events()


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "1234567"])
async def test_what_is_no_code_is_told(there: Scene, typed: str) -> None:
    """What cannot be a code shows as malformed; the try is counted, and the right one works."""
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    with pytest.raises(ResponseRejected, match="malformed"):
        await there.flows.confirmations.answer(visit, challenge.id, {"code": typed})
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    assert (await there.events())[1] == "person.not_confirmed"


async def test_a_late_code_is_gone(there: Scene) -> None:
    """Ten minutes on, the challenge shows as over."""
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    there.clock.travel(minutes=10)
    with pytest.raises(ChallengeGone):
        await there.flows.confirmations.answer(visit, challenge.id, answer)


@pytest.mark.parametrize(
    ("claims", "channels"),
    [
        ({"email": "ada@x.test", "phone": "+49 151 234567"}, ["email", "sms"]),
        ({"phone": "+49151234567"}, ["sms"]),
        ({"phone": "+33151234567"}, []),
        ({"phone": "0151234567"}, []),
        ({"email": "ada at x"}, []),
        ({}, []),
    ],
)
async def test_where_a_code_can_go(
    there: Scene, claims: dict[str, str], channels: list[str]
) -> None:
    """Stated addresses show which of them a code can be sent to; without one it is refused."""
    visit = stating((await there.enter())[0], **claims)
    targets = there.flows.confirmations.targets(visit)
    assert [target.contact.channel for target in targets] == channels
    if not channels:
        with pytest.raises(InvitationNeeded):
            await there.flows.confirmations.begin(visit)
        return
    assert all(target.contact.to not in repr(target) + target.masked for target in targets)
    challenge = await there.flows.confirmations.begin(visit, channels[-1])
    assert challenge.prompt.data["to"] == targets[-1].masked
    with pytest.raises(InvitationNeeded):
        await there.flows.confirmations.begin(visit, "fax")


async def test_a_text_message_is_answered(there: Scene) -> None:
    """A number in an allowed region shows a text with the code, and the way in."""
    visit = stating((await there.enter())[0], phone="+49151234542")
    challenge = await there.flows.confirmations.begin(visit)
    assert challenge.prompt.data["to"] == "+49 ••• ••42"
    answer = code_in(box(there, "texts").letters[0])
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    await set_up(there, visit)


async def test_a_code_that_reaches_nobody(there: Scene) -> None:
    """A provider that is down shows the failure and the challenge that stays open; sent again, the
    same code works.
    """
    visit, _ = await there.enter()
    box(there).broken = DeliveryFailed("down")
    with pytest.raises(DeliveryFailed) as failed:
        await there.flows.confirmations.begin(visit)
    box(there).broken = None
    challenge = await there.flows.confirmations.show(visit, failed.value.challenge)  # type: ignore[arg-type]
    there.clock.travel(seconds=31)
    await there.flows.deliveries.again(visit, challenge)
    answer = code_in(box(there).letters[-1])
    await there.flows.confirmations.answer(visit, challenge.id, answer)


async def test_codes_are_bounded(there: Scene) -> None:
    """A fourth code within ten minutes shows that no more is sent."""
    visit, _ = await there.enter()
    for _ in range(3):
        await there.flows.confirmations.begin(visit)
        there.clock.travel(seconds=40)
    with pytest.raises(TooManyAttempts):
        await there.flows.confirmations.begin(visit)
