"""A refused registration: its challenge is used up, and a fresh one stands in its place."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.conformance.softkey import SoftKey
from sidecar.core.errors import ChallengeGone, ResponseRejected, StepUpRequired
from sidecar.core.model import Challenge, ChallengeId, Response
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from sidecar.flows.manage import removing
from sidecar.flows.visit import Visit
from tests.attacks.keys import FACTOR, begun, enroll, place
from tests.unit.flows.scene import ADA, GRACE, Scene


@pytest.fixture
async def here(folder: Path) -> AsyncIterator[Scene]:
    """One process over a fresh store, with keys."""
    async with place(folder) as made:
        yield made


async def refused(
    here: Scene, visit: Visit, challenge: Challenge, response: Response
) -> tuple[str, Challenge]:
    """Return why it was refused, and what is open in the place of the challenge."""
    with pytest.raises(ResponseRejected) as error:
        await here.flows.enrollments.finish(visit, challenge.id, response)
    with pytest.raises(ChallengeGone):
        await here.flows.enrollments.show(visit, challenge.id)
    after = await here.flows.enrollments.show(visit, ChallengeId(error.value.challenge))
    return error.value.reason, after


async def prove(here: Scene, visit: Visit, soft: SoftKey, action: str) -> Visit:
    """Return the visit after a proof by the key for this action."""
    asked = await here.flows.challenges.begin(visit, FACTOR, action=action)
    entered = await here.flows.challenges.answer(visit, asked.id, soft.get(asked.prompt))
    return replace(visit, session=entered.session)


@pytest.mark.threat(63)
async def test_a_refused_key_leaves_the_invitation_good(here: Scene) -> None:
    """A registration that was refused shows a fresh challenge, which the invitation still pays."""
    visit, challenge = await begun(here, ADA)
    wrong = SoftKey().create(challenge.prompt, origin="https://evil.example.com")
    reason, after = await refused(here, visit, challenge, wrong)
    assert reason == "wrong"
    assert after.prompt.data["options"] != challenge.prompt.data["options"]
    late = SoftKey().create(challenge.prompt)
    _, last = await refused(here, visit, after, late)
    right = SoftKey().create(last.prompt)
    assert isinstance(await here.flows.enrollments.finish(visit, last.id, right), Entered)


@pytest.mark.threat(60)
async def test_a_key_that_somebody_has_already(here: Scene) -> None:
    """A credential of another person shows that it cannot be set up, and another one can."""
    theirs = SoftKey()
    await enroll(here, theirs, GRACE)
    visit, challenge = await begun(here, ADA)
    reason, after = await refused(here, visit, challenge, theirs.create(challenge.prompt))
    assert reason == "already-registered"
    assert await here.held(ADA) == ()
    right = SoftKey().create(after.prompt)
    assert isinstance(await here.flows.enrollments.finish(visit, after.id, right), Entered)


async def test_what_a_browser_may_know(here: Scene) -> None:
    """What the factor knows shows the keys that are good, also when none is left, to owners."""
    soft = SoftKey()
    visit = await enroll(here, soft)
    stranger, _ = await here.enter()
    with pytest.raises(StepUpRequired):
        await here.flows.challenges.known(stranger, FACTOR)
    first = (await here.flows.challenges.known(visit, FACTOR)).data
    assert len(accepted(first["accepted"])) == 1
    visit = await prove(here, visit, soft, adding(FACTOR))
    challenge = await here.flows.enrollments.begin(visit, FACTOR, {})
    await here.flows.enrollments.finish(visit, challenge.id, SoftKey().create(challenge.prompt))
    assert len(accepted((await here.flows.challenges.known(visit, FACTOR)).data["accepted"])) == 2
    mine = await here.first_of(FACTOR)
    visit = await prove(here, visit, soft, removing(mine))
    await here.flows.management.remove(visit, mine)
    left = (await here.flows.challenges.known(visit, FACTOR)).data
    assert len(accepted(left["accepted"])) == 1
    await here.move("remove")
    none = (await here.flows.challenges.known(visit, FACTOR)).data
    assert (none["accepted"], none["rp_id"]) == ((), first["rp_id"])


def accepted(value: object) -> tuple[str, ...]:
    assert isinstance(value, tuple)
    return value
