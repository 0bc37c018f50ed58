"""Codes that travel by message: each good once, for its own request, however often it is sent."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import structlog

from sidecar.core.errors import (
    ChallengeGone,
    DeliveryFailed,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
)
from sidecar.core.model import AuthenticatorStatus
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from tests.attacks.sent import CODE, MAILS, NUMBERS, Place, another, place_in, second
from tests.unit.flows.scene import ADA, GRACE, quick_folder, stored_in


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """One process over a fresh store."""
    with quick_folder() as folder:
        async with place_in(folder) as made:
            yield made


@pytest.mark.threat(60)
@pytest.mark.conforms("NIST-OBV-7", "ASVS-6.6.3")
async def test_a_resend_gives_no_more_tries(here: Place) -> None:
    """THREATS 60: four wrong codes, a resend, one more: shows that the fifth was the last."""
    visit = await here.enroll()
    begun = await here.begin(visit)
    await here.wrong(visit, begun, 4)
    await here.again(visit, begun)
    await here.wrong(visit, begun)
    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            await here.answer(visit, begun, here.code())


@pytest.mark.threat(50, 60)
@pytest.mark.conforms("NIST-OBV-6", "NIST-OBV-7", "ASVS-6.6.3")
async def test_a_new_code_gives_no_more_tries(here: Place) -> None:
    """THREATS 50, 60: tries at three challenges in two sessions show that they add up."""
    visit = await here.enroll()
    other, _ = await here.scene.enter()
    for who, times in ((visit, 2), (other, 2), (visit, 1)):
        begun = await here.begin(who)
        await here.wrong(who, begun, times)
        here.scene.clock.travel(seconds=31)
    with pytest.raises(TooManyAttempts):
        await here.answer(visit, begun, here.code())


@pytest.mark.threat(60)
async def test_a_resend_sends_the_same_code(here: Place) -> None:
    """THREATS 60: a resend shows the same code again, so that a late first message still fits."""
    visit = await here.enroll()
    begun = await here.begin(visit)
    first = here.code()
    await here.again(visit, begun)
    assert here.code() == first
    assert len({letter.text for letter in here.texts.letters[-2:]}) == 1
    await here.answer(visit, begun, first)
    with pytest.raises(ChallengeGone):
        await here.scene.flows.deliveries.again(visit, begun)


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.2")
async def test_a_code_of_one_person_is_no_other_persons(here: Place) -> None:
    """THREATS 60: Ada's code at Grace's challenge, and Ada's challenge by Grace, show refusal."""
    ada, grace = await here.enroll(), await here.enroll(GRACE)
    mine = await here.begin(ada)
    code = here.code()
    theirs = await here.begin(grace)
    hers = here.code()
    if code != hers:
        with pytest.raises(ResponseRejected, match="wrong"):
            await here.answer(grace, theirs, code)
    for thief in (grace, replace(grace, session=ada.session), replace(ada, session=grace.session)):
        with pytest.raises(ChallengeGone):
            await here.answer(thief, mine, code)
    await here.answer(ada, mine, code)


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.2")
async def test_a_code_is_good_for_its_own_request(here: Place) -> None:
    """THREATS 60: a code at another challenge, of another session or action, shows refusal."""
    visit = await here.enroll()
    other, _ = await here.scene.enter()
    begun = await here.begin(visit)
    code = here.code()
    here.scene.clock.travel(seconds=31)
    elsewhere = await here.begin(other)
    codes = [here.code()]
    here.scene.clock.travel(seconds=31)
    action = await here.scene.flows.challenges.begin(visit, "sms", action=adding("totp"))
    codes.append(here.code())
    assert code not in codes, "a chance of two in a million"
    for who, challenge in ((other, elsewhere), (visit, action)):
        with pytest.raises(ResponseRejected, match="wrong"):
            await here.answer(who, challenge, code)
    with pytest.raises(ChallengeGone):
        await here.answer(other, begun, code)
    await here.answer(visit, begun, code)


@pytest.mark.threat(52, 60)
@pytest.mark.conforms("ASVS-6.5.1", "NIST-OBV-4")
async def test_a_code_is_good_once(here: Place) -> None:
    """THREATS 52, 60: the right code many times at once, and afterwards, shows one success."""
    visit = await here.enroll()
    other, _ = await here.scene.enter()
    begun = await here.begin(visit)
    code = here.code()
    here.scene.clock.travel(seconds=31)
    late = await here.begin(other)

    async def one() -> bool:
        try:
            await here.answer(visit, begun, code)
        except SidecarError:
            return False
        return True

    assert sum(await asyncio.gather(*(one() for _ in range(20)))) == 1
    with pytest.raises(ChallengeGone):
        await here.answer(visit, begun, code)
    here.scene.clock.travel(minutes=5)
    # Whoever reads an older message of the same number later finds it spent as well.
    with pytest.raises(ResponseRejected, match="already-used"):
        await here.answer(other, late, here.code())


@pytest.mark.threat(52)
@pytest.mark.conforms("ASVS-6.5.1", "NIST-OBV-4")
async def test_two_processes_accept_a_code_once() -> None:
    """THREATS 52: the same right code at two processes on one store shows one success."""
    with quick_folder() as folder:
        async with place_in(folder) as here, place_in(folder, here) as there:
            visit = await here.enroll()
            begun = await here.begin(visit)
            tries = [process.answer(visit, begun, here.code()) for process in (here, there) * 2]
            outcomes = await asyncio.gather(*tries, return_exceptions=True)
            assert sum(isinstance(outcome, Entered) for outcome in outcomes) == 1


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.1", "ASVS-6.6.3")
async def test_another_persons_number_cannot_be_guessed_into(here: Place) -> None:
    """THREATS 60: guesses at a code that went to somebody else show their end, and no number.

    A new enrollment, a new code and a resend give not one more.
    """
    visit, _ = await here.scene.enter()
    invitation = await here.scene.people.invite(ADA, "desk")
    enrollments, refused = here.scene.flows.enrollments, 0
    for _ in range(3):
        begun = await enrollments.begin(visit, "sms", {}, invitation=invitation)
        step = await here.address(visit, begun, NUMBERS[GRACE])
        for _ in range(4):
            try:
                await here.finish(visit, step, another(here.code()))
            except ResponseRejected:
                refused += 1
            except TooManyAttempts:
                break
        here.scene.clock.travel(seconds=31)
    assert refused == 5
    with pytest.raises(TooManyAttempts):
        await here.finish(visit, step, here.code())
    assert not await here.scene.held()


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.1")
@pytest.mark.parametrize("to", ["+447400123456", "+881612345678"])
async def test_no_code_goes_beyond_the_regions(here: Place, to: str) -> None:
    """THREATS 60: a number beyond the configured countries shows that nothing is sent there."""
    visit, _ = await here.scene.enter()
    invitation = await here.scene.people.invite(ADA, "desk")
    begun = await here.scene.flows.enrollments.begin(visit, "sms", {}, invitation=invitation)
    with pytest.raises(DeliveryFailed):
        await here.address(visit, begun, to)
    assert not here.texts.letters


@pytest.mark.threat(60)
@pytest.mark.conforms("NIST-OBV-3", "ASVS-6.5.5")
async def test_a_late_code(here: Place) -> None:
    """THREATS 60: a code after ten minutes shows that it is gone, resent or not."""
    visit = await here.enroll()
    begun = await here.begin(visit)
    here.scene.clock.travel(minutes=9)
    await here.again(visit, begun)
    here.scene.clock.travel(minutes=1)
    with pytest.raises(ChallengeGone):
        await here.answer(visit, begun, here.code())


@pytest.mark.threat(60)
@pytest.mark.conforms("NIST-AUPSTN-2")
async def test_a_removed_number_proves_nothing(here: Place) -> None:
    """THREATS 60: a number removed while its code is on its way shows that the code is void."""
    visit = await here.enroll()
    here.scene.clock.travel(minutes=11)
    visit = await second(here, visit)
    begun = await here.begin(visit)
    code = here.code()
    async with here.scene.store.begin() as tx:
        for item in await tx.authenticators.of(ADA):
            if item.factor == "sms" and item.status is AuthenticatorStatus.ACTIVE:
                await tx.authenticators.move(item, "remove", here.scene.clock())
    with pytest.raises(SidecarError):
        await here.answer(visit, begun, code)


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-16.2.5", "NIST-OBV-1")
async def test_a_code_is_nowhere_but_in_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """THREATS 60: neither logs, database, prompts nor answers show a code or a whole address."""
    caplog.set_level(logging.INFO)
    with quick_folder() as folder, structlog.testing.capture_logs() as logged:
        async with place_in(folder) as here:
            visit = await second(here, await here.enroll())
            begun = await here.begin(visit)
            mailed = await here.begin(visit, "email")
            await here.wrong(visit, begun)
            entered = await here.answer(visit, begun, here.code())
            stored = stored_in(folder)
            shown = f"{begun!r}{begun.prompt.data}{mailed!r}{mailed.prompt.data}{entered!r}"
        letters = [*here.texts.letters, *here.mail.letters]
    told = "\n".join([shown, *map(repr, logged), caplog.text, *map(repr, letters)])
    codes = {code for letter in letters for code in CODE.findall(letter.text)}
    assert len(codes) >= 5
    words = set(re.findall(r"\w+", told))
    assert words.isdisjoint(codes)
    for address in (NUMBERS[ADA], MAILS[ADA], "ada@"):
        assert address not in told
        assert address.encode() not in stored
    for code in codes:
        assert not re.search(rb"(?<!\w)%s(?!\w)" % code.encode(), stored)
