"""A code to a stated address stands for an invitation, once, and for nobody else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    InvitationNeeded,
    RecoveryNeeded,
)
from sidecar.core.model import Purpose, SessionId
from sidecar.flows.admission import CONFIRMING
from sidecar.flows.budgets import Budgets
from sidecar.flows.kit import Entered, FirstEnrollment
from tests.unit.flows.newcomers import CONFIRMED, begun, box, set_up, stating
from tests.unit.flows.scene import ADA, GRACE, Phone, Scene, scene, secret_of


@pytest.fixture
async def there(folder: Path) -> AsyncIterator[Scene]:
    """Flows that confirm newcomers."""
    async with scene(folder, first=CONFIRMED) as made:
        yield made


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
    """A second use of the code, another session and a late start show that each needs a code."""
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    with pytest.raises(ChallengeGone):
        await there.flows.confirmations.answer(visit, challenge.id, answer)
    other, _ = await there.enter()
    with pytest.raises(InvitationNeeded):
        await there.flows.enrollments.begin(other, "totp", {})
    there.clock.travel(minutes=30, seconds=1)
    with pytest.raises(InvitationNeeded):
        await there.flows.enrollments.begin(visit, "totp", {})


async def test_a_newcomer_may_change_their_mind(there: Scene) -> None:
    """Two beginnings on one code show one first factor: the other ends, and the code is spent."""
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    left, taken = [await there.flows.enrollments.begin(visit, "totp", {}) for _ in "12"]
    phones = [Phone(secret_of(one.prompt)) for one in (left, taken)]
    answers = [phone.code(there.clock) for phone in phones]
    assert isinstance(await there.flows.enrollments.finish(visit, taken.id, answers[1]), Entered)
    with pytest.raises(Conflict):
        await there.flows.enrollments.finish(visit, left.id, answers[0])
    assert len(await there.held()) == 1
    since, now = there.clock() - timedelta(hours=1), there.clock()
    async with there.store.read() as tx:
        assert not await tx.challenges.proven(
            ADA, visit.require_session().id, CONFIRMING, since=since, now=now
        )


async def test_a_confirmation_that_grew_old_closes_what_it_opened(there: Scene) -> None:
    """An enrollment that is finished long after the code shows that the door is closed."""
    visit, _ = await there.enter()
    challenge, answer = await begun(there, visit)
    await there.flows.confirmations.answer(visit, challenge.id, answer)
    there.clock.travel(minutes=29)
    enrollment = await there.flows.enrollments.begin(visit, "totp", {})
    there.clock.travel(minutes=2)
    code = Phone(secret_of(enrollment.prompt)).code(there.clock)
    with pytest.raises(InvitationNeeded):
        await there.flows.enrollments.finish(visit, enrollment.id, code)
    assert not await there.held()


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
