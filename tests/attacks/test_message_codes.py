"""Codes that travel by message: each good once, for its own request, however often it is sent."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
import structlog

from sidecar.core.errors import (
    ChallengeGone,
    DeliveryFailed,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
)
from sidecar.core.model import AuthenticatorStatus, Challenge, Person
from sidecar.core.protocols import Factor
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from sidecar.flows.visit import Visit
from sidecar.loader import Role, build, resolve
from tests.conformance.lent import lent
from tests.mailbox import Mailbox
from tests.unit.flows.scene import ADA, GRACE, Scene, quick_folder, scene, stored_in, watched

NUMBERS = {ADA: "+4915112345642", GRACE: "+4915112345643"}
MAILS = {ADA: "ada@x.test", GRACE: "grace@x.test"}
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


def sender(name: str, transport: str) -> Factor:
    plugin = resolve(Role.FACTORS, name)
    options = plugin.options.model_validate({"transport": transport})
    return cast("Factor", build(plugin, options, lent(name)))


@dataclass
class Place:
    """One process with text messages and mail, and what the network carried for it."""

    scene: Scene
    texts: Mailbox
    mail: Mailbox

    def code(self, of: Mailbox | None = None) -> str:
        """Return the code of the letter that came last."""
        (code,) = set(CODE.findall((of or self.texts).letters[-1].text))
        return str(code)

    async def enroll(self, person: Person = ADA) -> Visit:
        """Return the proven visit of a newcomer whose number was confirmed."""
        visit, _ = await self.scene.enter(person)
        invitation = await self.scene.people.invite(person, "desk")
        begun = await self.scene.flows.enrollments.begin(visit, "sms", {}, invitation=invitation)
        step = await self.address(visit, begun, NUMBERS[person])
        entered = await self.finish(visit, step, self.code())
        assert isinstance(entered, Entered)
        self.scene.clock.travel(minutes=11)
        return replace(visit, session=entered.session)

    async def address(self, visit: Visit, begun: Challenge, to: str) -> Challenge:
        answer = {"address": to, "accept_risk": "yes"}
        step = await self.scene.flows.enrollments.finish(visit, begun.id, answer)
        assert isinstance(step, Challenge)
        return step

    async def finish(self, visit: Visit, step: Challenge, code: str) -> object:
        return await self.scene.flows.enrollments.finish(visit, step.id, {"code": code})

    async def begin(self, visit: Visit, factor: str = "sms") -> Challenge:
        return await self.scene.flows.challenges.begin(visit, factor)

    async def answer(self, visit: Visit, begun: Challenge, code: str) -> Entered:
        return await self.scene.flows.challenges.answer(visit, begun.id, {"code": code})

    async def again(self, visit: Visit, begun: Challenge) -> None:
        """Have the code sent again as soon as that is possible."""
        at = await self.scene.flows.deliveries.again_at(begun)
        assert at is not None
        self.scene.clock.now = max(at, self.scene.clock.now)
        await self.scene.flows.deliveries.again(visit, begun)

    async def wrong(self, visit: Visit, begun: Challenge, times: int = 1) -> None:
        """So many wrong codes were typed, and each was refused as such."""
        for _ in range(times):
            with pytest.raises(ResponseRejected, match="wrong"):
                await self.answer(visit, begun, another(self.code()))


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@asynccontextmanager
async def place_in(folder: Path, at: Place | None = None) -> AsyncIterator[Place]:
    """Run a process; with `at` it is another one over the same store and network."""
    texts = at.texts if at else Mailbox("sms", "texts")
    mail = at.mail if at else Mailbox("email", "mail")
    factors = {
        "totp": watched("totp"),
        "sms": sender("sms", "texts"),
        "email": sender("email", "mail"),
    }
    clock = at.scene.clock if at else None
    transports = {"texts": texts, "mail": mail}
    async with scene(folder, clock, factors=factors, transports=transports) as made:
        yield Place(made, texts, mail)


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


async def second(here: Place, visit: Visit) -> Visit:
    """Return the visit of a person who added a mailbox to their number."""
    flows = here.scene.flows
    begun = await flows.challenges.begin(visit, "sms", action=adding("email"))
    entered = await here.answer(visit, begun, here.code())
    visit = replace(visit, session=entered.session)
    step = await flows.enrollments.begin(visit, "email", {})
    step = await here.address(visit, step, MAILS[ADA])
    await here.finish(visit, step, here.code(here.mail))
    here.scene.clock.travel(minutes=11)
    return visit


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
