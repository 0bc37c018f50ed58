"""What becomes of answers: the right one, the same one again, two at once, and others' answers."""

import asyncio
from datetime import timedelta

from sidecar.conformance.case import Broken, Case
from sidecar.conformance.world import NOTHING, Step, a_world, answered, bounded
from sidecar.core.model import Enrolled, Verified

HOUR = timedelta(hours=1)


async def right_answer(case: Case) -> None:
    """The device's own answer is verified, and so is its next one."""
    world = await a_world(case)
    await world.sign_in()
    await world.sign_in()


async def wrong_answer(case: Case) -> None:
    """A wrong answer is rejected, and spoils nothing for the right one."""
    world = await a_world(case)
    opened = await world.begin()
    wrong = world.device.wrong(world.sees(opened))
    if wrong is not None and isinstance(await world.finish(opened, wrong), Verified):
        raise Broken("a wrong answer was verified")
    await world.sign_in()


async def wrong_enrollment(case: Case) -> None:
    """A wrong answer enrolls nobody."""

    async def refused(step: Step) -> None:
        wrong = step.device.wrong(step.seen)
        for response in () if wrong is None else ({}, wrong):
            outcome = await answered(case, step.context, step.started.state, response)
            if isinstance(outcome, Enrolled):
                raise Broken("a wrong answer enrolled somebody")

    await a_world(case, at=refused)


async def another_enrollment(case: Case) -> None:
    """The answer to one enrollment does not finish another, where there is something to know."""
    first: list[Step] = []

    async def keep(step: Step) -> None:
        first.append(step)

    async def refused(step: Step) -> None:
        begun = first.pop(0)
        secret = step.started.state and step.started.state != begun.started.state
        if secret and step.device.wrong(step.seen) is not None:
            outcome = await answered(case, step.context, step.started.state, begun.right)
            if isinstance(outcome, Enrolled):
                raise Broken("an enrollment was finished by the answer to another one")

    await a_world(case, at=keep)
    await a_world(case, at=refused)


async def replay(case: Case) -> None:
    """An answer works once, however soon or late it comes again."""
    world = await a_world(case)
    response = await world.sign_in()
    for later in (NOTHING, world.device.pace, world.device.pace, HOUR):
        world.now += later
        await world.must_reject(response, "an answer that had been used was verified again")


async def race(case: Case) -> None:
    """Of two challenges answered alike at once, one is lost: each answer changes the material."""
    world = await a_world(case)
    first, second = await world.begin(), await world.begin(waited=False)
    response, before = world.answer(first), world.authenticator
    outcomes = await asyncio.gather(*(world.finish(opened, response) for opened in (first, second)))
    if not isinstance(outcomes[0], Verified):
        raise Broken("an answer was rejected because a later challenge had been begun")
    if isinstance(outcomes[1], Verified) and outcomes[1].material in (None, before.material):
        raise Broken("nothing in the material says that the answer is spent")


async def enrollment_answer(case: Case) -> None:
    """What confirmed the enrollment is no answer to a challenge."""
    world = await a_world(case)
    again = "the answer that confirmed the enrollment was verified as a sign-in"
    await world.must_reject(world.enrolled_with, again)


async def another_challenge(case: Case) -> None:
    """The answer to one challenge is none to another, where challenges differ at all."""
    world = await a_world(case)
    first, second = await world.begin(), await world.begin(waited=False)
    if not first.started.state:
        return
    if isinstance(await world.finish(second, world.answer(first)), Verified):
        raise Broken("the answer to one challenge was verified under another")


async def stateless(case: Case) -> None:
    """A factor keeps nothing by itself: any process may finish what another began, or try again."""
    world = await a_world(case)
    opened = await world.begin()
    response, factor, context = world.answer(opened), case.build(), world.context(opened)
    outcomes = [
        await bounded(
            case,
            factor.finish_challenge(context, opened.held, opened.started.state, response),
            "finish_challenge",
        )
        for _ in range(2)
    ]
    if outcomes[0] != outcomes[1]:
        raise Broken("the same instance answers the same call differently the second time")
