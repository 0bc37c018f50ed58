"""An enrollment may have several steps, each with its own end; to the factor it is one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import ChallengeGone
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Level,
    Prompt,
    Rejected,
    Response,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, FactorTraits
from sidecar.flows.kit import CHALLENGE_LIFE, Entered
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA, Scene, scene


class InSteps:
    """Wants to be answered three times; what it begins lives as long as it is told."""

    traits = FactorTraits(proves="possession", level=Level.TWO_FACTOR)

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.life: timedelta | None = None

    def _step(self, context: Context, number: int) -> Started:
        self.seen.append(context.subject_id)
        end = None if self.life is None else context.now + self.life
        return Started(Prompt("code", {"step": number}), b"%d" % number, expires_at=end)

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        del request
        return self._step(context, 1)

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        del response
        number = int(state) + 1
        step = self._step(context, number)
        return step if number < 4 else Enrolled(SharedSecret(b"kept"))

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        del authenticators
        return self._step(context, 0)

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        del context, state, response
        return Verified(authenticators[0].id, (), SharedSecret(b"used"))


@pytest.fixture
def steps() -> InSteps:
    return InSteps()


@pytest.fixture
async def here(folder: Path, steps: InSteps) -> AsyncIterator[Scene]:
    async with scene(folder, factors={"steps": steps}) as made:
        yield made


async def newcomer(here: Scene) -> tuple[Visit, str]:
    visit, _ = await here.enter()
    return visit, await here.people.invite(ADA, "desk")


async def test_all_steps_are_one_enrollment(here: Scene, steps: InSteps) -> None:
    """Three steps show one id to the factor, another for each step, and none that opens twice."""
    visit, invitation = await newcomer(here)
    step = await here.flows.enrollments.begin(visit, "steps", {}, invitation=invitation)
    gone = []
    for number in (2, 3):
        gone.append(step.id)
        following = await here.flows.enrollments.finish(visit, step.id, {})
        assert not isinstance(following, Entered)
        assert following is not None
        assert following.prompt.data == {"step": number}
        step = following
    assert isinstance(await here.flows.enrollments.finish(visit, step.id, {}), Entered)
    (held,) = await here.held()
    assert set(steps.seen) == {held.id}
    assert len({*gone, step.id}) == 3
    for old in (*gone, step.id):
        with pytest.raises(ChallengeGone):
            await here.flows.enrollments.finish(visit, old, {})


async def test_each_step_has_its_own_time(here: Scene) -> None:
    """Slow answers show that a new step has the whole time, however late it began."""
    visit, invitation = await newcomer(here)
    step = await here.flows.enrollments.begin(visit, "steps", {}, invitation=invitation)
    here.clock.travel(minutes=9)
    following = await here.flows.enrollments.finish(visit, step.id, {})
    assert not isinstance(following, Entered)
    assert following is not None
    assert following.expires_at == here.clock() + CHALLENGE_LIFE
    here.clock.travel(minutes=10)
    with pytest.raises(ChallengeGone):
        await here.flows.enrollments.finish(visit, following.id, {})


@pytest.mark.conforms("NIST-OBV-3", "ASVS-6.5.5")
@pytest.mark.parametrize(("told", "lives"), [(3, 3), (10, 10), (60, 10)])
async def test_a_factor_may_end_sooner(here: Scene, steps: InSteps, told: int, lives: int) -> None:
    """What a factor says of its own end shows that it counts where it is sooner than ours."""
    steps.life = timedelta(minutes=told)
    visit, invitation = await newcomer(here)
    step = await here.flows.enrollments.begin(visit, "steps", {}, invitation=invitation)
    assert step.expires_at == here.clock() + timedelta(minutes=lives)
    for _ in range(3):
        following = await here.flows.enrollments.finish(visit, step.id, {})
        if isinstance(following, Entered) or following is None:
            break
        step = following
        assert step.expires_at == here.clock() + timedelta(minutes=lives)
    begun = await here.flows.challenges.begin(visit, "steps")
    assert begun.expires_at == here.clock() + timedelta(minutes=lives)
    here.clock.travel(minutes=lives)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, {})
