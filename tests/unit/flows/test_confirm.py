"""A code to a stated address stands for an invitation, once, and for nobody else."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    DeliveryFailed,
    InvitationNeeded,
    RecoveryNeeded,
    ResponseRejected,
    TooManyAttempts,
)
from sidecar.core.messages import Letter
from sidecar.core.model import Challenge, Claims, Purpose, SessionId
from sidecar.flows.admission import CONFIRMING
from sidecar.flows.budgets import Budgets
from sidecar.flows.confirm import COUNTED
from sidecar.flows.kit import Entered, FirstEnrollment
from sidecar.flows.visit import Visit
from tests.mailbox import Mailbox
from tests.unit.flows.scene import ADA, GRACE, Phone, Scene, scene, secret_of

CONFIRMED = FirstEnrollment("confirmed")


@pytest.fixture
async def there(folder: Path) -> AsyncIterator[Scene]:
    """Flows that confirm newcomers."""
    async with scene(folder, first=CONFIRMED) as made:
        yield made


def box(here: Scene, name: str = "mail") -> Mailbox:
    return cast("Mailbox", here.kit.transports[name])


def code_in(letter: Letter) -> dict[str, str]:
    found = re.search(r"\b\d{6}\b", letter.text)
    assert found is not None
    return {"code": found[0]}


def stating(visit: Visit, *, email: str = "", phone: str = "") -> Visit:
    claims = Claims(email=email, phone=phone)
    return replace(visit, identity=replace(visit.identity, claims=claims))


async def begun(here: Scene, visit: Visit) -> tuple[Challenge, dict[str, str]]:
    challenge = await here.flows.confirmations.begin(visit)
    return challenge, code_in(box(here).letters[-1])


async def set_up(here: Scene, visit: Visit) -> Visit:
    enrollment = await here.flows.enrollments.begin(visit, "totp", {})
    phone = Phone(secret_of(enrollment.prompt))
    entered = await here.flows.enrollments.finish(visit, enrollment.id, phone.code(here.clock))
    assert isinstance(entered, Entered)
    return replace(visit, session=entered.session)


@pytest.mark.conforms("ASVS-6.4.1", "NIST-AUTHB-1")
async def test_a_right_code_opens_one_first_enrollment(there: Scene) -> None:
    """A code that came back shows one first enrollment, in this session and within minutes; what
    was sent tells its owner what it is for, and the challenge shows the address masked.
    """
    visit, _ = await there.enter()
    with pytest.raises(InvitationNeeded):
        await there.flows.enrollments.begin(visit, "totp", {})
    challenge, answer = await begun(there, visit)
    assert (challenge.purpose, challenge.factor) == (Purpose.CONFIRM, "")
    assert dict(challenge.prompt.data) == {
        "channel": "email",
        "to": "a•••@x.test",
        "digits": 6,
        "host": "shop.example.com",
    }
    letter = box(there).letters[0]
    assert (letter.to, letter.subject) == ("ada@x.test", "Set up two-step sign-in for Shop")
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    assert (await there.events())[0] == "person.confirmed"
    proven = await set_up(there, visit)
    assert proven.require_session().proofs[0].factor == "totp"
    assert (await there.held())[0].held_until is None
    other, _ = await there.enter()
    with pytest.raises(Conflict):
        await there.flows.confirmations.begin(other)


async def test_it_opens_it_once(there: Scene) -> None:
    """A second enrollment on one code, one after five minutes, and one in another session show
    that each needs a code of its own; a code is taken once.
    """
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    with pytest.raises(ChallengeGone):
        await there.flows.confirmations.answer(visit, challenge.id, answer)
    other, _ = await there.enter()
    with pytest.raises(InvitationNeeded):
        await there.flows.enrollments.begin(other, "totp", {})
    await there.flows.enrollments.begin(visit, "totp", {})
    with pytest.raises(InvitationNeeded):
        await there.flows.enrollments.begin(visit, "totp", {})
    there.clock.travel(minutes=1)
    challenge, answer = await begun(there, visit)
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    there.clock.travel(minutes=5, seconds=1)
    with pytest.raises(InvitationNeeded):
        await there.flows.enrollments.begin(visit, "totp", {})


async def test_nobody_elses(there: Scene) -> None:
    """Another person and another session of the same show that the challenge is not there."""
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    grace, _ = await there.enter(GRACE)
    another, _ = await there.enter()
    for stranger in (grace, another):
        with pytest.raises(ChallengeGone):
            await there.flows.confirmations.show(stranger, challenge.id)
        with pytest.raises(ChallengeGone):
            await there.flows.confirmations.answer(stranger, challenge.id, answer)
    assert await there.flows.confirmations.show(visit, challenge.id) == challenge


async def test_an_address_that_changed_meanwhile_voids(there: Scene) -> None:
    """A right code for an address that is stated no more shows nothing gained, and is void even
    where the first address comes back.
    """
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    moved = stating(visit, email="eve@x.test")
    with pytest.raises(ChallengeGone):
        await there.flows.confirmations.answer(moved, challenge.id, answer)
    with pytest.raises(ChallengeGone):
        await there.flows.confirmations.answer(visit, challenge.id, answer)
    with pytest.raises(InvitationNeeded):
        await there.flows.enrollments.begin(visit, "totp", {})


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


async def test_purposes_are_not_mixed(there: Scene) -> None:
    """A confirmation shows that it is neither a challenge nor an enrollment, and the other way
    round that neither of those is a confirmation.
    """
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    with pytest.raises(ChallengeGone):
        await there.flows.challenges.show(visit, challenge.id)
    with pytest.raises(ChallengeGone):
        await there.flows.challenges.answer(visit, challenge.id, answer)
    with pytest.raises(ChallengeGone):
        await there.flows.enrollments.show(visit, challenge.id)
    with pytest.raises(ChallengeGone):
        await there.flows.enrollments.finish(visit, challenge.id, answer)
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    enrollment = await there.flows.enrollments.begin(visit, "totp", {})
    with pytest.raises(ChallengeGone):
        await there.flows.confirmations.answer(visit, enrollment.id, answer)


async def test_a_proof_of_another_kind_opens_nothing(there: Scene) -> None:
    """A challenge of a factor that names the same action shows that no newcomer can have one."""
    visit, phone = await there.enroll()
    visit = await there.prove(visit, phone, action=CONFIRMING)
    await there.move("remove")
    with pytest.raises(RecoveryNeeded):
        await there.flows.enrollments.begin(visit, "totp", {})
    with pytest.raises(RecoveryNeeded):
        await there.flows.confirmations.begin(visit)


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


async def test_nothing_is_confirmed_elsewhere(folder: Path) -> None:
    """Other modes, and no transport, show no target; a proof of before a change opens nothing."""
    async with scene(folder, first=CONFIRMED) as here:
        visit, _ = await here.enter()
        challenge, answer = await begun(here, visit)
        other, _ = await here.enter()
        here.clock.travel(minutes=1)
        second, code = await begun(here, other)
        await here.flows.confirmations.answer(other, second.id, code)
        enrollment = await here.flows.enrollments.begin(other, "totp", {})
        phone = Phone(secret_of(enrollment.prompt))
    async with scene(folder, here.clock, first=FirstEnrollment("invited")) as later:
        assert later.flows.confirmations.targets(visit) == ()
        with pytest.raises(ChallengeGone):
            await later.flows.confirmations.answer(visit, challenge.id, answer)
        with pytest.raises(InvitationNeeded):
            await later.flows.confirmations.begin(visit)
        with pytest.raises(InvitationNeeded):
            await later.flows.enrollments.finish(other, enrollment.id, phone.code(later.clock))
    async with scene(folder, here.clock, first=CONFIRMED, transports={}) as later:
        assert later.flows.confirmations.targets(visit) == ()
    none = Budgets(())
    async with scene(folder, here.clock, first=CONFIRMED, budgets=none) as later:
        assert later.flows.confirmations.targets(stating(visit, phone="+49151234567")) == ()


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


async def test_enrolled_meanwhile(there: Scene) -> None:
    """Somebody who set up a factor elsewhere before the code came shows that it opens nothing."""
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    await there.enroll()
    with pytest.raises(Conflict):
        await there.flows.confirmations.answer(visit, challenge.id, answer)


async def test_a_code_of_one_session_proves_nothing_in_the_trail_of_another(there: Scene) -> None:
    """The proof of a code shows that it is bound to its session, whatever asks for it."""
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    since = there.clock() - timedelta(minutes=5)
    async with there.store.begin() as tx:
        spend = tx.challenges.spend
        elsewhere = SessionId("other")
        now = there.clock()
        assert not await spend(ADA, elsewhere, CONFIRMING, since=since, now=now)
        assert await spend(ADA, challenge.session_id, CONFIRMING, since=since, now=now)
        assert not await spend(ADA, challenge.session_id, CONFIRMING, since=since, now=now)
