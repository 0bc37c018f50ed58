"""What is bound to a person: several of a kind, gone at once when it is lost, bound anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.assurance import assess
from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    NotFound,
    ResponseRejected,
    StepUpRequired,
    TooManyAttempts,
)
from sidecar.core.model import AuthenticatorStatus, Level, Standing
from sidecar.flows.admission import adding
from sidecar.flows.manage import removing
from sidecar.flows.portfolio import portfolio
from tests.unit.flows.scene import ADA, Scene, codes_of, scene


@pytest.mark.conforms("NIST-BAA-1")
async def test_each_of_two_apps_is_good(here: Scene) -> None:
    """Two apps of one person show that either of them answers, and one name stays with each."""
    visit, first = await here.enroll()
    visit, second = await here.add_second(visit, first)
    for phone in (second, first):
        visit = await here.prove(visit, phone)
    ids = {item.id for item in await here.held()}
    assert len(ids) == 2
    assert {proof.authenticator_id for proof in visit.require_session().proofs} <= ids


@pytest.mark.conforms("NIST-PHYSA-2")
async def test_what_is_reported_lost_is_of_no_use_at_once(folder: Path) -> None:
    """A phone that its owner removes shows that its code is refused in the same moment: in a new
    challenge and in one that was open, in this process and in another one.
    """
    async with scene(folder) as here, scene(folder, here.clock) as there:
        visit, lost = await here.enroll()
        visit, kept = await here.add_second(visit, lost)
        which = await here.first_of()
        visit = await here.prove(visit, kept, action=removing(which))
        finder, _ = await there.enter()
        here.clock.travel(seconds=30)
        begun = await there.flows.challenges.begin(finder, "totp")
        await here.flows.management.remove(visit, which)
        for place in (there, here):
            with pytest.raises(ChallengeGone):
                await place.flows.challenges.answer(finder, begun.id, lost.code(here.clock))
            again, _ = await place.enter()
            with pytest.raises(ResponseRejected, match="wrong"):
                await place.prove(again, lost)
        await there.prove(again, kept)


# -- disabled, and counts that are reset --------------------------------------------------------


@pytest.mark.conforms("NIST-RL-4")
async def test_what_was_disabled_is_bound_anew(here: Scene) -> None:
    """A disabled app shows that neither time nor a reset brings it back: its owner is invited and
    sets up another secret, and the old one opens nothing then.
    """
    visit, old = await here.enroll()
    await here.move("disable")
    here.clock.travel(days=40)
    visit, _ = await here.enter()
    with pytest.raises(NotFound):
        await here.flows.challenges.begin(visit, "totp")
    assert [item.status for item in await here.held()] == [AuthenticatorStatus.DISABLED]
    await here.people.reset(ADA, "desk", "disabled by wrong codes")
    assert await here.held() == ()
    visit, new = await here.enroll()
    assert new.secret != old.secret
    with pytest.raises(ResponseRejected, match="wrong"):
        await here.prove(visit, old)
    await here.prove(visit, new)


@pytest.mark.conforms("NIST-RL-5")
async def test_a_count_that_is_reset_proves_nothing(here: Scene) -> None:
    """Counts that end by time, by a success elsewhere and by an operator's reset show a session
    that proves no more than it did.
    """
    elsewhere, phone = await here.enroll()
    pending, token = await here.enter()
    for _ in range(5):
        with pytest.raises(ResponseRejected, match="wrong"):
            await here.fail(pending, phone)
    with pytest.raises(TooManyAttempts):
        await here.fail(pending, phone)
    here.clock.travel(minutes=6)
    await here.prove(replace(elsewhere, known=True), phone)
    session = await here.flows.sessions.recall(token)
    assert session is not None
    assert assess(session.proofs, here.kit.levels, here.clock()).level is Level.ONE_FACTOR
    await here.people.reset(ADA, "desk", "too many tries")
    assert (await portfolio(here.kit, ADA)).standing is Standing.NEVER_ENROLLED
    await here.flows.revocations.read()
    assert await here.flows.sessions.recall(token) is None


# -- codes on paper -----------------------------------------------------------------------------


@pytest.mark.conforms("NIST-LSA-2")
async def test_codes_are_shown_after_two_factors(here: Scene) -> None:
    """Somebody with the password alone shows that they are shown no codes; the app's owner is."""
    visit, phone = await here.enroll()
    thief, _ = await here.enter()
    with pytest.raises(StepUpRequired):
        await here.flows.enrollments.begin(thief, "backup_codes", {})
    begun = await here.flows.enrollments.begin(visit, "backup_codes", {})
    assert len(codes_of(begun.prompt)) == 8
    with pytest.raises(ChallengeGone):
        await here.flows.enrollments.show(thief, begun.id)
    thief = await here.prove(thief, phone, action=adding("backup_codes"))
    await here.flows.enrollments.begin(thief, "backup_codes", {})


@pytest.mark.conforms("NIST-LSA-2", "ASVS-6.3.6")
async def test_a_factor_that_counts_for_nothing_brings_no_codes(folder: Path) -> None:
    """A proof of what the profile does not count shows that it makes no codes, which would count:
    neither after a first enrollment nor with a fresh proof for exactly that.
    """
    async with scene(folder, discounted=frozenset({"totp"})) as here:
        visit, phone = await here.enroll()
        with pytest.raises(Conflict, match="two factors"):
            await here.flows.enrollments.begin(visit, "backup_codes", {})
        visit = await here.prove(visit, phone, action=adding("backup_codes"))
        with pytest.raises(Conflict, match="two factors"):
            await here.flows.enrollments.begin(visit, "backup_codes", {})
