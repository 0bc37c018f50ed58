"""A person keeps their own authenticators."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.errors import ChallengeGone, Conflict, NotFound, StepUpRequired
from sidecar.core.model import AuthenticatorId, Standing
from sidecar.core.names import MAX_NAME_CHARS
from sidecar.flows.admission import adding
from sidecar.flows.manage import SHOWN_EVENTS, removing
from sidecar.flows.portfolio import portfolio
from sidecar.flows.switching import Switching, Wanted
from tests.unit.flows.scene import ADA, GRACE, Scene, scene


async def test_everything_needs_a_proof(here: Scene) -> None:
    """THREATS 32: a pending session shows that it may neither look nor change."""
    await here.enroll()
    pending, _ = await here.enter()
    manage, which = here.flows.management, await here.first_of()
    for call in (
        manage.held(pending),
        manage.history(pending),
        manage.rename(pending, which, "mine"),
        manage.remove(pending, which),
    ):
        with pytest.raises(StepUpRequired):
            await call


async def test_a_name_is_tidied_and_kept(here: Scene) -> None:
    """A name with odd spaces shows its tidy form; no proof of an action is needed for it."""
    visit, _ = await here.enroll()
    await here.flows.management.rename(visit, await here.first_of(), "  My \t phone ")
    (held,) = await here.flows.management.held(visit)
    assert held.name == "My phone"
    assert held.usable
    assert (await here.flows.management.history(visit))[0].name == "authenticator.renamed"


@pytest.mark.parametrize(
    "name", ["", " \n ", "x" * (MAX_NAME_CHARS + 1), "a\u202eb", "a\0b", "\x1b"]
)
async def test_what_is_no_name_is_refused(here: Scene, name: str) -> None:
    """Empty, long, bidi and control names show a conflict, and the old name."""
    visit, _ = await here.enroll()
    with pytest.raises(Conflict):
        await here.flows.management.rename(visit, await here.first_of(), name)
    assert [held.name for held in await here.held()] == ["totp"]


async def test_another_persons_is_not_found(here: Scene) -> None:
    """THREATS 35: another person's authenticator shows the same answer as none."""
    visit, phone = await here.enroll()
    here.clock.travel(seconds=30)
    grace, _ = await here.enroll(GRACE)
    anothers = await here.first_of(person=GRACE)
    visit = await here.prove(visit, phone, action=removing(anothers))
    for which in (anothers, AuthenticatorId("none")):
        with pytest.raises(NotFound):
            await here.flows.management.rename(visit, which, "mine")
        with pytest.raises(NotFound):
            await here.flows.management.remove(visit, which)
    assert (await here.flows.management.held(grace))[0].usable


@pytest.mark.conforms("ASVS-6.5.6", "ASVS-7.5.1", "ASVS-7.4.3")
async def test_removing_takes_a_proof_of_exactly_that(here: Scene) -> None:
    """THREATS 37, 38: another object's proof shows no removal; the right one ends all but here."""
    visit, phone = await here.enroll()
    visit, _ = await here.add_second(visit, phone)
    first, second = [item.id for item in await here.held()]
    with pytest.raises(StepUpRequired):
        await here.flows.management.remove(visit, second)
    visit = await here.prove(visit, phone, action=removing(first))
    with pytest.raises(StepUpRequired):
        await here.flows.management.remove(visit, second)
    elsewhere, other_token = await here.enter()
    asked = await here.flows.challenges.begin(elsewhere, "totp")
    asked_here = await here.flows.challenges.begin(visit, "totp")
    assert await here.flows.sessions.recall(other_token)
    await here.flows.management.remove(visit, first)
    assert [item.id for item in await here.held()] == [second]
    assert await here.flows.sessions.recall(other_token) is None
    assert len(await here.flows.sessions.of(visit)) == 1
    for who, one in ((elsewhere, asked), (visit, asked_here)):
        with pytest.raises(ChallengeGone):
            await here.flows.challenges.show(who, one.id)
    assert (await here.events())[0] == "authenticator.removed"


async def test_removing_voids_other_proofs(here: Scene) -> None:
    """A proof given for something else before a removal shows that it is void after."""
    visit, phone = await here.enroll()
    visit, _ = await here.add_second(visit, phone)
    first = await here.first_of()
    visit = await here.prove(visit, phone, action=adding("totp"))
    visit = await here.prove(visit, phone, action=removing(first))
    await here.flows.management.remove(visit, first)
    with pytest.raises(StepUpRequired):
        await here.flows.enrollments.begin(visit, "totp", {})


@pytest.mark.conforms("ASVS-6.3.3")
async def test_the_last_one_stays_while_a_rule_demands_one(here: Scene) -> None:
    """The only app beside spare codes shows a conflict; the spare codes may go."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    last, codes = await here.first_of(), await here.first_of("backup_codes")
    visit = await here.prove(visit, phone, action=removing(last))
    with pytest.raises(Conflict, match="last-authenticator"):
        await here.flows.management.remove(visit, last)
    visit = await here.prove(visit, phone, action=removing(codes))
    await here.flows.management.remove(visit, codes)
    assert [item.id for item in await here.held()] == [last]


async def test_two_removals_at_once_leave_one(here: Scene) -> None:
    """Both of two apps removed in parallel show that the second one is told it is the last."""
    visit, phone = await here.enroll()
    visit, _ = await here.add_second(visit, phone)
    ids = [item.id for item in await here.held()]
    for which in ids:
        visit = await here.prove(visit, phone, action=removing(which))
    outcomes = await asyncio.gather(
        *(here.flows.management.remove(visit, which) for which in ids), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert len(await here.held()) == 1


async def test_a_disabled_one_may_go_and_leaves_recovery(here: Scene) -> None:
    """A disabled app, removed by its owner, shows recovery and not a newcomer."""
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=removing(await here.first_of()))
    await here.move("disable")
    await here.flows.management.remove(visit, await here.first_of())
    assert not await here.held()
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED


async def test_without_a_rule_the_last_one_may_go(folder: Path) -> None:
    """A policy that asks nobody for a factor shows that the last one may be removed."""
    async with scene(folder, demanded=False) as here:
        visit, phone = await here.enroll()
        which = await here.first_of()
        visit = await here.prove(visit, phone, action=removing(which))
        await here.flows.management.remove(visit, which)
        assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED


async def test_history_is_the_latest_and_ones_own(here: Scene) -> None:
    """A dozen acts show the latest ten, newest first, with where they came from."""
    visit, phone = await here.enroll()
    await here.enroll(GRACE)
    for _ in range(SHOWN_EVENTS + 1):
        visit = await here.prove(visit, phone)
    events = await here.flows.management.history(replace(visit, address="2001:db8::1"))
    assert [event.name for event in events] == ["challenge.verified"] * SHOWN_EVENTS
    assert {event.person for event in events} == {ADA}
    assert "192.0.2.77" not in str(events)


async def test_whoever_must_keep_a_factor_keeps_the_last(folder: Path) -> None:
    """Somebody of whom a factor is required, where no rule demands one, shows that the last one
    stays; of two, either goes.
    """
    async with scene(folder, demanded=False) as here:
        await Switching(here.store, here.clock).create(ADA, Wanted(required=True), "api:shop")
        visit, phone = await here.enroll()
        visit, _ = await here.add_second(visit, phone)
        first, second = [item.id for item in await here.held()]
        visit = await here.prove(visit, phone, action=removing(second))
        await here.flows.management.remove(visit, second)
        visit = await here.prove(visit, phone, action=removing(first))
        with pytest.raises(Conflict):
            await here.flows.management.remove(visit, first)
        account, held = await here.flows.management.account(visit), await here.held()
        assert account is not None
        assert here.flows.management.is_last(account, held, held[0])
        assert not here.flows.management.is_last(None, held, held[0])
