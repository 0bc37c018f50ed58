"""Codes that confirm an address: guesses at them are counted in the store, and harm no factor."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.errors import DeliveryFailed, ResponseRejected, TooManyAttempts
from sidecar.core.model import AuthenticatorStatus, Challenge, ChallengeId
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA
from tests.unit.flows.sending import NUMBER, Post, posting


def another(code: str) -> dict[str, str]:
    return {"code": f"{(int(code) + 1) % 1_000_000:06}"}


async def guess(post: Post, visit: Visit, step: Challenge, times: int = 1) -> None:
    """So many wrong codes were typed, and each was refused as such."""
    for _ in range(times):
        with pytest.raises(ResponseRejected):
            await post.scene.flows.enrollments.finish(visit, step.id, another(post.code()))


@pytest.mark.threat(50, 60)
@pytest.mark.conforms("NIST-OBV-6", "ASVS-6.6.3")
async def test_guesses_add_up_over_enrollments(post: Post) -> None:
    """THREATS 50, 60: three guesses at one code and two at the next show that the sixth is not
    even looked at, right as it may be.
    """
    visit, begun = await post.newcomer()
    await guess(post, visit, await post.give(visit, begun), 3)
    post.clock.travel(seconds=40)
    visit, begun = await post.newcomer()
    step = await post.give(visit, begun)
    await guess(post, visit, step, 2)
    with pytest.raises(TooManyAttempts):
        await post.scene.flows.enrollments.finish(visit, step.id, {"code": post.code()})
    assert await post.scene.held() == ()


@pytest.mark.threat(50)
async def test_guesses_at_once_are_all_counted(post: Post) -> None:
    """THREATS 50: thirty guesses at once show five that were looked at."""
    visit, begun = await post.newcomer()
    step = await post.give(visit, begun)
    finish = post.scene.flows.enrollments.finish
    tried = await asyncio.gather(
        *(finish(visit, step.id, another(post.code())) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(one, ResponseRejected) for one in tried) == 5
    assert sum(isinstance(one, TooManyAttempts) for one in tried) == 15


async def test_another_process_counts_on(folder: Path) -> None:
    """Guesses before a restart show in the count after it."""
    async with posting(folder) as post:
        visit, begun = await post.newcomer()
        step = await post.give(visit, begun)
        await guess(post, visit, step, 5)
        async with posting(folder, post) as other:
            with pytest.raises(TooManyAttempts):
                await other.scene.flows.enrollments.finish(visit, step.id, {"code": post.code()})


async def test_nothing_that_the_person_has_is_harmed(post: Post) -> None:
    """Guesses at a new number's code show the person's other factors, this kind's too, as usable
    as before.
    """
    visit = await post.confirmed()
    begun = await post.scene.flows.challenges.begin(visit, "sms", action=adding("sms"))
    visit = replace(visit, session=(await post.answer(visit, begun)).session)
    begun = await post.scene.flows.enrollments.begin(visit, "sms", {})
    step = await post.give(visit, begun, "+4915112345699")
    await guess(post, visit, step, 5)
    assert [item.status for item in await post.scene.held()] == [AuthenticatorStatus.ACTIVE]
    post.clock.travel(minutes=1)
    await post.answer(visit, await post.begin(visit))


async def test_mistyped_addresses_are_no_guesses(post: Post) -> None:
    """Ten numbers that are none show that the eleventh, a right one, gets its code."""
    visit, begun = await post.newcomer()
    for _ in range(10):
        answer = {"address": "none", "accept_risk": "yes"}
        with pytest.raises(ResponseRejected):
            await post.scene.flows.enrollments.finish(visit, begun.id, answer)
    step = await post.give(visit, begun)
    code = {"code": post.code()}
    assert isinstance(await post.scene.flows.enrollments.finish(visit, step.id, code), Entered)


async def test_a_right_code_forgives_the_wrong_ones_before_it_in_a_row(post: Post) -> None:
    """A code typed wrong and then right shows a try that failed and one that did not."""
    visit, begun = await post.newcomer()
    step = await post.give(visit, begun)
    await guess(post, visit, step, 4)
    code = {"code": post.code()}
    assert isinstance(await post.scene.flows.enrollments.finish(visit, step.id, code), Entered)


async def test_a_step_whose_code_reached_nobody_is_open(post: Post) -> None:
    """A provider that is down shows which step can be sent again, and then finished."""
    visit, begun = await post.newcomer()
    post.texts.broken = DeliveryFailed("down")
    with pytest.raises(DeliveryFailed) as failed:
        await post.give(visit, begun)
    post.texts.broken = None
    step = await post.scene.flows.enrollments.show(visit, ChallengeId(failed.value.challenge))
    assert step.prompt.kind == "message_code"
    post.clock.travel(seconds=1)
    await post.scene.flows.deliveries.again(visit, step)
    assert post.texts.letters[-1].to == NUMBER
    code = {"code": post.code()}
    assert isinstance(await post.scene.flows.enrollments.finish(visit, step.id, code), Entered)
    assert [item.person for item in await post.scene.held()] == [ADA]
