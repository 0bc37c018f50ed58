"""The un-enrolled victim: whoever knows the password, and no invitation, gets nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from sidecar.core.errors import Conflict, InvitationNeeded, TooManyAttempts
from sidecar.core.model import Challenge, Person, Standing
from sidecar.flows.kit import ENROLLMENTS_TRIED, INVITATIONS_TRIED
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import (
    ADA,
    GRACE,
    Phone,
    Scene,
    open_until,
    quick_folder,
    scene,
    secret_of,
)
from tests.world import REALM, world


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    """One process over a fresh store."""
    with quick_folder() as folder:
        async with scene(folder) as made:
            yield made


async def begin(here: Scene, visit: Visit, invitation: str = "") -> tuple[Challenge, Phone]:
    begun = await here.flows.enrollments.begin(visit, "totp", {}, invitation=invitation)
    return begun, Phone(secret_of(begun.prompt))


async def nothing_came_of_it(here: Scene) -> bool:
    found = await portfolio(here.kit, ADA)
    return found.standing is Standing.NEVER_ENROLLED and not await here.held()


@pytest.mark.conforms("ASVS-6.4.1")
async def test_the_door_opens_to_the_right_invitation_only(here: Scene) -> None:
    """No code, a made-up, superseded, expired or another's one shows a shut door (promise 10)."""
    visit, _ = await here.enter()
    superseded = await here.people.invite(ADA, "desk")
    anothers = await here.people.invite(GRACE, "desk")
    valid = await here.people.invite(ADA, "desk")
    for code in ("", "0" * 28, superseded, anothers, valid[:-1]):
        with pytest.raises(InvitationNeeded):
            await begin(here, visit, code)
    here.clock.travel(days=7)
    again, _ = await here.enter()
    with pytest.raises(InvitationNeeded):
        await begin(here, again, valid)
    assert await nothing_came_of_it(here)


@pytest.mark.threat(41)
async def test_an_invitation_works_once(here: Scene) -> None:
    """THREATS 41: two enrollments begun with one code show that only the first is confirmed."""
    code = await here.people.invite(ADA, "desk")
    (one, _), (two, _) = await here.enter(), await here.enter()
    first, phone = await begin(here, one, code)
    second, other = await begin(here, two, code)
    outcomes = await asyncio.gather(
        here.flows.enrollments.finish(one, first.id, phone.code(here.clock)),
        here.flows.enrollments.finish(two, second.id, other.code(here.clock)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Entered"]
    assert len(await here.held()) == 1


async def test_an_invitation_that_was_spent_before_a_reset_stays_spent(here: Scene) -> None:
    """A used code, offered after a reset, shows that the operator has to invite anew."""
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, "desk")
    begun, phone = await begin(here, visit, code)
    await here.flows.enrollments.finish(visit, begun.id, phone.code(here.clock))
    await here.people.reset(ADA, "desk", "lost")
    again, _ = await here.enter()
    with pytest.raises(InvitationNeeded):
        await begin(here, again, code)


async def test_an_invitation_superseded_meanwhile_confirms_nothing(here: Scene) -> None:
    """A code replaced between begin and finish shows that what it began is refused."""
    visit, _ = await here.enter()
    begun, phone = await begin(here, visit, await here.people.invite(ADA, "desk"))
    await here.people.invite(ADA, "desk")
    with pytest.raises(InvitationNeeded):
        await here.flows.enrollments.finish(visit, begun.id, phone.code(here.clock))
    assert await nothing_came_of_it(here)


@pytest.mark.threat(57)
async def test_wrong_invitations_run_out_and_the_right_one_does_not(here: Scene) -> None:
    """THREATS 57: a stranger who tries codes until stopped shows the invited unhindered."""
    for _ in range(INVITATIONS_TRIED.limit):
        visit, _ = await here.enter()
        with pytest.raises(InvitationNeeded):
            await begin(here, visit, "wrong")
    with pytest.raises(TooManyAttempts):
        await begin(here, visit, "wrong")
    invited, _ = await here.enter()
    await begin(here, invited, await here.people.invite(ADA, "desk"))


@pytest.mark.threat(57)
async def test_one_session_tries_so_often_and_others_still_may(here: Scene) -> None:
    """THREATS 57: a session that has used up its tries shows another one unhindered."""
    code = await here.people.invite(ADA, "desk")
    visit, _ = await here.enter()
    for _ in range(ENROLLMENTS_TRIED.limit):
        await begin(here, visit, code)
    with pytest.raises(TooManyAttempts):
        await begin(here, visit, code)
    other, _ = await here.enter()
    begun, phone = await begin(here, other, code)
    await here.flows.enrollments.finish(other, begun.id, phone.code(here.clock))


@pytest.mark.threat(52)
async def test_two_at_once_in_open_season_are_one_first_time() -> None:
    """THREATS 52: attacker and victim enrolling in parallel show that one of them is told no."""
    with quick_folder() as folder:
        async with scene(folder, first=open_until(date.max)) as here:
            (one, _), (two, _) = await here.enter(), await here.enter()
            first, phone = await begin(here, one)
            second, other = await begin(here, two)
            outcomes = await asyncio.gather(
                here.flows.enrollments.finish(one, first.id, phone.code(here.clock)),
                here.flows.enrollments.finish(two, second.id, other.code(here.clock)),
                return_exceptions=True,
            )
            assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1


@pytest.mark.threat(37)
async def test_in_the_browser_the_password_alone_opens_nothing() -> None:
    """THREATS 37: a login without an invitation shows no page of the application and no secret."""
    with quick_folder() as folder:
        async with world(folder) as here:
            await here.invite("ada")
            thief = here.visitor()
            await thief.sign_in()
            for code in ("", "0000000-0000000-0000000-0000000", await here.invite("grace")):
                page = await thief.open("/secret")
                assert "/_sidecar/enroll" in page.url
                after = await thief.submit(page, "enroll/begin", factor="totp", invitation=code)
                assert "otpauth:" not in after.text
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"):
                answer = await thief.fetch("/secret", method)
                assert answer.status in {401, 403}, method
            assert (await thief.open("/_sidecar/account")).url.partition("?")[0].endswith("enroll")
            assert not any("/secret" in seen for seen in here.application.reached)
            async with here.sidecar.store.read() as tx:
                assert await tx.authenticators.of(Person(REALM, "ada")) == ()
