"""Setting up a factor: guarded the first time, bound to a fresh proof ever after."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    InvitationNeeded,
    NotFound,
    NotIdentified,
    ResponseRejected,
    StepUpRequired,
)
from sidecar.core.model import (
    AuthenticatorStatus,
    Challenge,
    ChallengeId,
    Level,
    SessionStatus,
    Standing,
)
from sidecar.flows.admission import adding
from sidecar.flows.kit import ACTION_PROOF_LIFE, Entered
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import (
    ADA,
    GRACE,
    Phone,
    Scene,
    codes_of,
    open_until,
    scene,
    secret_of,
)


async def begin(here: Scene, visit: Visit, invitation: str = "") -> tuple[Challenge, Phone]:
    begun = await here.flows.enrollments.begin(visit, "totp", {}, invitation=invitation)
    return begun, Phone(secret_of(begun.prompt))


async def nothing_came_of_it(here: Scene) -> bool:
    found = await portfolio(here.kit, ADA)
    return found.standing is Standing.NEVER_ENROLLED and not await here.held()


# -- the first time ----------------------------------------------------------------------------


@pytest.mark.conforms("ASVS-6.4.1", "ASVS-7.2.4")
async def test_an_invited_newcomer_ends_proven_and_audited(here: Scene) -> None:
    """The whole way shows an active app, a proven session with a new token, and an audit row."""
    visit, before = await here.enter()
    begun, phone = await begin(here, visit, await here.people.invite(ADA, "desk"))
    assert (await here.flows.enrollments.show(visit, begun.id)).prompt == begun.prompt
    assert not await here.held()
    answer = phone.code(here.clock)
    entered = await here.flows.enrollments.finish(visit, begun.id, answer, name="Phone")
    assert isinstance(entered, Entered)
    assert entered.token != before
    assert entered.session.status is SessionStatus.PROVEN
    (held,) = await here.held()
    assert (held.name, held.status, held.level) == (
        "Phone",
        AuthenticatorStatus.ACTIVE,
        Level.TWO_FACTOR,
    )
    assert (await portfolio(here.kit, ADA)).standing is Standing.ENROLLED
    assert (await here.events())[0] == "authenticator.added"
    with pytest.raises(ChallengeGone):
        await here.flows.enrollments.finish(visit, begun.id, answer)


async def test_an_invitation_works_however_it_is_typed(here: Scene) -> None:
    """Capitals and spaces instead of hyphens show that the code is the same."""
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, "desk")
    await begin(here, visit, f" {code.upper().replace('-', ' ')} ")


async def test_open_season_ends(folder: Path) -> None:
    """`open` shows a door for everybody until the end of its last day, and none afterwards."""
    async with scene(folder) as plain:
        until = plain.clock().date()
    async with scene(folder, plain.clock, first=open_until(until)) as here:
        visit, _ = await here.enter()
        begun, phone = await begin(here, visit)
        await here.flows.enrollments.finish(visit, begun.id, phone.code(here.clock))
        here.clock.now = here.clock.now.replace(hour=23, minute=59) + timedelta(minutes=1)
        late, _ = await here.enter(GRACE)
        with pytest.raises(InvitationNeeded):
            await begin(here, late, await here.people.invite(GRACE, "desk"))


async def test_open_without_a_date_is_shut(folder: Path) -> None:
    """`open` without `until` shows a shut door: there is no endless season."""
    endless = replace(open_until(date.max), until=None)
    async with scene(folder, first=endless) as here:
        visit, _ = await here.enter()
        with pytest.raises(InvitationNeeded):
            await begin(here, visit)


async def test_a_spare_is_never_the_first(here: Scene) -> None:
    """Backup codes as a first factor show a conflict, and leave the invitation unspent."""
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, "desk")
    with pytest.raises(Conflict):
        await here.flows.enrollments.begin(visit, "backup_codes", {}, invitation=code)
    await begin(here, visit, code)


async def test_wrong_answers_confirm_nothing_and_may_be_mended(here: Scene) -> None:
    """A wrong, an empty and then a right code show an enrollment that stays open till it fits."""
    visit, _ = await here.enter()
    begun, phone = await begin(here, visit, await here.people.invite(ADA, "desk"))
    for response in ({}, phone.wrong(here.clock), {"code": "1" * 5000}):
        with pytest.raises(ResponseRejected):
            await here.flows.enrollments.finish(visit, begun.id, response)
    assert await nothing_came_of_it(here)
    assert await here.flows.enrollments.finish(visit, begun.id, phone.code(here.clock))


async def test_an_enrollment_belongs_to_person_session_and_ten_minutes(here: Scene) -> None:
    """Another session, another person and a late answer show that it is gone for them."""
    visit, _ = await here.enter()
    begun, phone = await begin(here, visit, await here.people.invite(ADA, "desk"))
    other, _ = await here.enter()
    grace, _ = await here.enter(GRACE)
    for thief in (other, grace, replace(grace, session=visit.session)):
        for call in (
            here.flows.enrollments.show(thief, begun.id),
            here.flows.enrollments.finish(thief, begun.id, phone.code(here.clock)),
        ):
            with pytest.raises(ChallengeGone):
                await call
    here.clock.travel(minutes=10)
    with pytest.raises(ChallengeGone):
        await here.flows.enrollments.finish(visit, begun.id, phone.code(here.clock))


async def test_without_session_or_factor_nothing_begins(here: Scene) -> None:
    """No session and an unknown factor show clear errors; a challenge is no enrollment."""
    with pytest.raises(NotIdentified):
        await here.flows.enrollments.begin(here.stranger(), "totp", {})
    visit, _ = await here.enroll()
    with pytest.raises(NotFound):
        await here.flows.enrollments.begin(visit, "nonsense", {})
    asked = await here.flows.challenges.begin(visit, "totp")
    with pytest.raises(ChallengeGone):
        await here.flows.enrollments.show(visit, asked.id)


# -- ever after --------------------------------------------------------------------------------


@pytest.mark.conforms("ASVS-7.5.1")
async def test_one_more_needs_one_proof_of_exactly_that(here: Scene) -> None:
    """THREATS 36, 37: no proof, a sign-in's, another's, a spent and an old one show a shut door."""
    visit, phone = await here.enroll()
    with pytest.raises(StepUpRequired):
        await begin(here, visit)
    for action in ("", adding("backup_codes"), "authenticator.remove:x"):
        visit = await here.prove(visit, phone, action=action)
        with pytest.raises(StepUpRequired):
            await begin(here, visit)
    visit = await here.prove(visit, phone, action=adding("totp"))
    await begin(here, visit)
    with pytest.raises(StepUpRequired):
        await begin(here, visit)
    visit = await here.prove(visit, phone, action=adding("totp"))
    here.clock.now += ACTION_PROOF_LIFE + timedelta(seconds=1)
    with pytest.raises(StepUpRequired):
        await begin(here, visit)


async def test_a_proof_is_spent_once_by_ten_at_once(here: Scene) -> None:
    """Ten parallel begins after one proof show one enrollment (promise 4)."""
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=adding("totp"))
    outcomes = await asyncio.gather(
        *(begin(here, visit) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(outcome, StepUpRequired) for outcome in outcomes) == 9


async def test_a_proof_in_another_session_opens_nothing_here(here: Scene) -> None:
    """A proof given in one session shows that the person's other one cannot spend it."""
    visit, phone = await here.enroll()
    elsewhere, _ = await here.enter()
    elsewhere = await here.prove(elsewhere, phone)
    await here.prove(visit, phone, action=adding("totp"))
    with pytest.raises(StepUpRequired):
        await begin(here, elsewhere)


async def test_a_proof_is_not_for_whoever_holds_less_of_the_session(here: Scene) -> None:
    """THREATS 44: the token of before the proof, within its grace, shows no way to use it up."""
    _, phone = await here.enroll()
    visit, old = await here.enter()
    proven = await here.prove(visit, phone, action=adding("totp"))
    thief = replace(visit, session=await here.flows.sessions.recall(old))
    assert thief.require_session().id == proven.require_session().id
    with pytest.raises(StepUpRequired):
        await begin(here, thief)
    begun, second = await begin(here, proven)
    for call in (
        here.flows.enrollments.show(thief, begun.id),
        here.flows.enrollments.finish(thief, begun.id, second.code(here.clock)),
    ):
        with pytest.raises(StepUpRequired):
            await call
    await here.flows.enrollments.finish(proven, begun.id, second.code(here.clock))


async def test_after_a_new_login_nothing_begun_before_goes_on(here: Scene) -> None:
    """A browser whose proofs were dropped shows that its proof and enrollment are no use now."""
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=adding("totp"))
    begun, second = await begin(here, visit)
    visit = await here.prove(visit, phone, action=adding("totp"))
    await here.flows.sessions.drop_proofs(visit.require_session())
    dropped = replace(visit, session=replace(visit.require_session(), proofs=()))
    with pytest.raises(StepUpRequired):
        await begin(here, dropped)
    with pytest.raises(StepUpRequired):
        await here.flows.enrollments.finish(dropped, begun.id, second.code(here.clock))


async def test_the_first_factor_is_the_proof_for_its_spare(here: Scene) -> None:
    """A first enrollment just confirmed shows spare codes possible once, and no further app."""
    visit, _ = await here.enroll()
    with pytest.raises(StepUpRequired):
        await begin(here, visit)
    begun = await here.flows.enrollments.begin(visit, "backup_codes", {})
    assert len(codes_of(begun.prompt)) == 8
    assert await here.flows.enrollments.finish(visit, begun.id, {}) is None
    with pytest.raises(StepUpRequired):
        await here.flows.enrollments.begin(visit, "backup_codes", {})


async def test_new_codes_replace_the_old_ones(here: Scene) -> None:
    """A second set of codes shows that the first is worth nothing, and that there is one set."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    old = phone.codes
    visit = await here.prove(visit, phone, action=adding("backup_codes"))
    await here.spare(visit, phone)
    assert sum(item.factor == "backup_codes" for item in await here.held()) == 1
    here.clock.travel(seconds=30)
    for code, right in ((old[0], False), (phone.codes[0], True)):
        begun = await here.flows.challenges.begin(visit, "backup_codes")
        try:
            await here.flows.challenges.answer(visit, begun.id, {"code": code})
        except ResponseRejected:
            assert not right
        else:
            assert right


@pytest.mark.conforms("ASVS-7.4.3")
async def test_one_more_ends_every_other_session_at_once(here: Scene) -> None:
    """Adding an app shows other sessions over in this process at once, and this one going on."""
    visit, phone = await here.enroll()
    _, elsewhere = await here.enter()
    assert await here.flows.sessions.recall(elsewhere)
    visit, _ = await here.add_second(visit, phone)
    assert await here.flows.sessions.recall(elsewhere) is None
    assert [one.id for one in await here.flows.sessions.of(visit)] == [visit.require_session().id]


async def test_an_enrollment_without_an_id_is_a_broken_one(here: Scene) -> None:
    """A row that names no authenticator shows a failure, and nothing enrolled."""
    visit, _ = await here.enter()
    begun, phone = await begin(here, visit, await here.people.invite(ADA, "desk"))
    async with here.store.begin() as tx:
        await tx.challenges.add(replace(begun, id=ChallengeId("nameless"), authenticator_id=None))
    with pytest.raises(RuntimeError):
        await here.flows.enrollments.finish(visit, ChallengeId("nameless"), phone.code(here.clock))
    assert not await here.held()
