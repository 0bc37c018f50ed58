"""Replay: a code, a challenge and a proof are each used once, in one process or in many."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sidecar.core.errors import ChallengeGone, ResponseRejected, StepUpRequired, TooManyAttempts
from sidecar.core.model import Challenge
from sidecar.flows.admission import adding
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import Scene, quick_folder, scene


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    """One process over a fresh store."""
    with quick_folder() as folder:
        async with scene(folder) as made:
            yield made


async def storm(here: Scene, visit: Visit, answers: list[tuple[Challenge, dict[str, str]]]) -> int:
    """Return how many of these answers, all at once, were accepted."""

    async def one(challenge: Challenge, answer: dict[str, str]) -> bool:
        try:
            await here.flows.challenges.answer(visit, challenge.id, answer)
        except (ResponseRejected, TooManyAttempts, ChallengeGone):
            return False
        return True

    return sum(await asyncio.gather(*(one(*answer) for answer in answers)))


@pytest.mark.threat(53)
@pytest.mark.conforms("ASVS-6.5.1", "NIST-SFOV-4")
async def test_a_code_works_once_in_any_session(here: Scene) -> None:
    """THREATS 53: the enrollment's code and a used one, offered anew, show that both are spent."""
    visit, phone = await here.enroll()
    other, _ = await here.enter()
    for used in (visit, other):
        begun = await here.flows.challenges.begin(used, "totp")
        with pytest.raises(ResponseRejected, match="already-used"):
            await here.flows.challenges.answer(used, begun.id, phone.code(here.clock))
    await here.prove(other, phone)
    begun = await here.flows.challenges.begin(visit, "totp")
    with pytest.raises(ResponseRejected, match="already-used"):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


@pytest.mark.threat(52)
@pytest.mark.conforms("ASVS-6.5.1")
async def test_fifty_right_codes_at_once_are_one_success(here: Scene) -> None:
    """THREATS 52: 50 parallel right codes over five challenges show exactly one proof."""
    visit, phone = await here.enroll()
    open_ones = [await here.flows.challenges.begin(visit, "totp") for _ in range(5)]
    here.clock.travel(seconds=30)
    right = phone.code(here.clock)
    assert await storm(here, visit, [(open_ones[n % 5], right) for n in range(50)]) == 1
    assert (await here.events()).count("challenge.verified") == 1


@pytest.mark.threat(52, 54)
async def test_one_spare_code_in_two_challenges_is_spent_once(here: Scene) -> None:
    """THREATS 52, 54: the same spare code in parallel challenges shows one success."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    open_ones = [await here.flows.challenges.begin(visit, "backup_codes") for _ in range(4)]
    answer = {"code": phone.codes[3]}
    assert await storm(here, visit, [(one, answer) for one in open_ones]) == 1
    begun = await here.flows.challenges.begin(visit, "backup_codes")
    with pytest.raises(ResponseRejected, match="already-used"):
        await here.flows.challenges.answer(visit, begun.id, answer)


@pytest.mark.threat(52)
@pytest.mark.parametrize("factor", ["totp", "backup_codes"])
async def test_two_processes_accept_a_code_once(factor: str) -> None:
    """THREATS 52: the same right code at two processes on one file shows one success."""
    with quick_folder() as folder:
        async with scene(folder) as here, scene(folder, here.clock) as there:
            visit, phone = await here.enroll()
            await here.spare(visit, phone)
            here.clock.travel(seconds=30)
            both = [await here.flows.challenges.begin(visit, factor) for _ in range(2)]
            totp = phone.code(here.clock)
            right = totp if factor == "totp" else {"code": phone.codes[0]}
            wins = await asyncio.gather(
                storm(here, visit, [(both[0], right)] * 2),
                storm(there, visit, [(both[1], right)] * 2),
            )
            assert sum(wins) == 1


@pytest.mark.threat(37)
async def test_a_proof_is_spent_once_over_two_processes() -> None:
    """THREATS 37: one proof of an action, used at two processes at once, shows one use."""
    with quick_folder() as folder:
        async with scene(folder) as here, scene(folder, here.clock) as there:
            visit, phone = await here.enroll()
            visit = await here.prove(visit, phone, action=adding("totp"))
            outcomes = await asyncio.gather(
                *(
                    process.flows.enrollments.begin(visit, "totp", {})
                    for process in (here, there) * 3
                ),
                return_exceptions=True,
            )
            refused = [isinstance(outcome, StepUpRequired) for outcome in outcomes]
            assert refused.count(False) == 1
