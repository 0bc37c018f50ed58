"""What is left of a remembered browser after it was forgotten (THREATS 64)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from sidecar.core.model import ChallengeId
from sidecar.flows.admission import adding
from sidecar.flows.kit import Remembering
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA, Phone, Scene, quick_folder, scene, secret_of, watched
from tests.unit.flows.trusting import MONTH, later, listed, recognised

pytestmark = pytest.mark.threat(64)


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    """Run a process where one of two factors counts for nothing, as email does with ASVS L3."""
    factors = {"totp": watched("totp"), "weak": watched("totp")}
    with quick_folder() as folder:
        async with scene(
            folder,
            factors=factors,
            discounted=frozenset({"weak"}),
            remembering=Remembering(MONTH),
        ) as made:
            yield made


async def reset(here: Scene, _visit: Visit) -> None:
    await here.people.reset(ADA, "desk", "stolen laptop")


async def sign_out_everywhere(here: Scene, visit: Visit) -> None:
    await here.flows.sessions.end_all(visit)


async def somebody_else(here: Scene, visit: Visit) -> None:
    await here.flows.sessions.drop_proofs(visit.require_session())


@pytest.mark.parametrize("meanwhile", [reset, sign_out_everywhere, somebody_else])
async def test_nothing_is_remembered_in_a_session_that_is_over(
    here: Scene, meanwhile: Callable[[Scene, Visit], Awaitable[None]]
) -> None:
    """An answer with the box ticked that meets a reset, a sign-out or another login on its way
    shows that no browser is remembered after what forgot them all.
    """
    visit, _ = await here.enroll()
    await meanwhile(here, visit)
    assert await here.flows.browsers.remember(visit) is None
    assert await listed(here) == ()


async def with_weak(here: Scene) -> tuple[Visit, Phone, Phone]:
    """Return the visit of somebody with both factors, and what answers for each."""
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=adding("weak"))
    begun = await here.flows.enrollments.begin(visit, "weak", {})
    weak = Phone(secret_of(begun.prompt))
    await here.flows.enrollments.finish(visit, begun.id, weak.code(here.clock))
    return await here.prove(visit, phone), phone, weak


async def answered(here: Scene, visit: Visit, factor: str, phone: Phone) -> Visit:
    here.clock.travel(seconds=30)
    begun: ChallengeId = (await here.flows.challenges.begin(visit, factor)).id
    entered = await here.flows.challenges.answer(visit, begun, phone.code(here.clock))
    return replace(visit, session=entered.session)


@pytest.mark.parametrize(("factor", "goes_on"), [("weak", False), ("totp", True)])
async def test_a_session_does_not_outlive_what_it_rests_on(
    here: Scene, factor: str, *, goes_on: bool
) -> None:
    """A copied cookie whose thief reads the mail, too, shows that forgetting the browser ends
    that session, as the mail is no second factor; one in which a factor was proven goes on.
    """
    owner, phone, weak = await with_weak(here)
    carried = await here.flows.browsers.remember(owner)
    assert carried is not None
    thief = later(here, carried)
    found = await recognised(here, thief)
    thief = replace(thief, session=found.entered.session)
    thief = await answered(here, thief, factor, {"weak": weak, "totp": phone}[factor])
    await here.flows.browsers.forget(owner, None)
    left = await here.flows.sessions.latest(thief.require_session())
    assert (left is not None) is goes_on
    assert await here.flows.sessions.latest(owner.require_session()) is not None
