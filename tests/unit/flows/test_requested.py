"""Twin of sidecar/flows/requested.py: programs ask people for proofs."""

from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.api_errors import InputInvalid
from sidecar.core.errors import ChallengeGone, NotFound, ResponseRejected, TooManyAttempts
from sidecar.core.model import Level, Person, Purpose
from sidecar.flows.requested import Wish
from tests.unit.flows.errands import SHOP, Agency, errand
from tests.unit.flows.scene import ADA, GRACE, Scene, scene
from tests.unit.flows.sending import Post


async def test_a_right_answer_tells_what_it_proves(here: Scene) -> None:
    """The answer to a challenge with an action shows level, time, authenticator and action."""
    agency = Agency(here)
    phone = await agency.enroll()
    proven = await agency.prove(phone, action="payment:4711")
    assert (proven.assurance.level, proven.assurance.amr) == (Level.TWO_FACTOR, ("otp", "mfa"))
    assert (proven.proof.at, proven.action) == (here.clock(), "payment:4711")
    assert proven.proof.authenticator_id == await here.first_of()
    told = await agency.details("challenge.verified")
    assert told["actor"] == "api:desk"
    assert told["action"] == "payment:4711"
    assert told["request_id"] == "req-9"


async def test_the_level_is_of_this_proof_alone(folder: Path) -> None:
    """A proof of what is no second factor here shows one factor, whatever was proven before."""
    async with scene(folder, discounted=frozenset({"backup_codes"})) as here:
        agency = Agency(here)
        phone = await agency.enroll()
        await agency.prove(phone, action="authenticator.add:backup_codes")
        _, codes = await agency.provisioning.codes(errand())
        asked = await agency.ask(wish=Wish("backup_codes"))
        proven = await agency.requested.answer(errand(), asked.challenge.id, {"code": codes[0]})
        assert (proven.assurance.level, proven.assurance.amr) == (Level.ONE_FACTOR, ())


async def test_the_factor_used_last_is_asked_for(here: Scene) -> None:
    """Without a wish the app shows to be asked for, spares last; each wish shows what it names."""
    agency = Agency(here)
    await agency.enroll()
    await agency.provisioning.codes(errand())
    assert (await agency.ask()).challenge.factor == "totp"
    assert (await agency.ask(wish=Wish("backup_codes"))).challenge.factor == "backup_codes"
    codes = await here.first_of("backup_codes")
    chosen = (await agency.ask(wish=Wish(authenticator=codes))).challenge
    assert (chosen.factor, chosen.authenticator_id) == ("backup_codes", codes)


async def test_what_cannot_be_used_is_not_there(here: Scene) -> None:
    """Strangers, factors that are not held, others' authenticators and what was suspended show one
    answer, and leave no trace.
    """
    agency = Agency(here)
    await agency.enroll(errand(person=GRACE))
    hers = await here.first_of(person=GRACE)
    for person, wish in (
        (ADA, Wish()),
        (Person("shop", "nobody"), Wish()),
        (ADA, Wish("totp")),
        (GRACE, Wish("unheard-of")),
        (ADA, Wish(authenticator=hers)),
        (GRACE, Wish("backup_codes", hers)),
    ):
        with pytest.raises(NotFound, match="there is nothing of this kind"):
            await agency.requested.begin(errand(person=person), wish)
    await here.move("suspend", GRACE)
    with pytest.raises(NotFound, match="there is nothing of this kind"):
        await agency.ask(errand(person=GRACE))
    async with here.store.read() as tx:
        assert await tx.sessions.of(ADA, here.clock()) == ()


@pytest.mark.parametrize(
    "action",
    ["authenticator.add:", "authenticator.add:none", "authenticator.remove:x", "enrollment.first"],
)
async def test_reserved_actions_are_checked(here: Scene, action: str) -> None:
    """Actions by which people change what they have show to be refused unless one can be had."""
    agency = Agency(here)
    await agency.enroll()
    with pytest.raises(InputInvalid) as refused:
        await agency.ask(wish=Wish(action=action))
    assert refused.value.faults[0].pointer == "/action"
    assert (
        await agency.ask(wish=Wish(action="authenticator.add:totp"))
    ).challenge.purpose is Purpose.ACTION


async def test_only_who_asked_hears_the_answer(here: Scene) -> None:
    """A challenge of one program shows to be there for no other, and for no browser."""
    agency = Agency(here)
    phone = await agency.enroll()
    asked = (await agency.ask()).challenge
    here.clock.travel(seconds=30)
    await agency.ask(errand(SHOP))
    with pytest.raises(ChallengeGone):
        await agency.requested.answer(errand(SHOP), asked.id, phone.code(here.clock))
    visit, _ = await here.enter()
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, asked.id, phone.code(here.clock))
    theirs = await here.flows.challenges.begin(visit, "totp")
    with pytest.raises(ChallengeGone):
        await agency.requested.answer(errand(), theirs.id, phone.code(here.clock))
    right = await agency.requested.answer(errand(), asked.id, phone.code(here.clock))
    assert right.challenge == asked.id


async def test_enrollments_are_no_challenges(here: Scene) -> None:
    """The id of an enrollment shows to be gone where a challenge is asked for."""
    agency = Agency(here)
    begun = await agency.provisioning.begin(errand(), "totp", {})
    with pytest.raises(ChallengeGone):
        await agency.requested.answer(errand(), begun.challenge.id, {"code": "123456"})


@pytest.mark.threat(50)
async def test_guesses_count_together_with_the_pages(here: Scene) -> None:
    """Three wrong answers to a program and two on the pages show the sixth try refused anywhere."""
    agency = Agency(here)
    phone = await agency.enroll()
    asked = (await agency.ask()).challenge
    for _ in range(3):
        with pytest.raises(ResponseRejected):
            await agency.requested.answer(errand(), asked.id, phone.wrong(here.clock))
    visit, _ = await here.enter()
    for _ in range(2):
        with pytest.raises(ResponseRejected):
            await here.fail(visit, phone)
    with pytest.raises(TooManyAttempts):
        await agency.requested.answer(errand(), asked.id, phone.code(here.clock))
    with pytest.raises(TooManyAttempts):
        await here.fail(visit, phone)


@pytest.mark.threat(57)
async def test_strangers_do_not_use_up_what_programs_may_begin(here: Scene) -> None:
    """Whoever began as many challenges on the pages as one may shows that a program begins one."""
    agency = Agency(here)
    await agency.enroll()
    thief, _ = await here.enter()
    for _ in range(30):
        await here.flows.challenges.begin(thief, "totp")
    with pytest.raises(TooManyAttempts):
        await here.flows.challenges.begin(thief, "totp")
    assert (await agency.ask()).challenge.factor == "totp"


async def test_what_went_meanwhile_is_over(here: Scene) -> None:
    """A challenge whose authenticator was suspended meanwhile shows to be gone."""
    agency = Agency(here)
    phone = await agency.enroll()
    asked = (await agency.ask()).challenge
    await here.move("suspend")
    with pytest.raises(ChallengeGone):
        await agency.requested.answer(errand(), asked.id, phone.code(here.clock))


async def test_codes_are_sent_and_sent_again(post: Post) -> None:
    """A text message shows its masked number and when it can be sent again; then it is, and the
    code of the first is still good.
    """
    await post.confirmed()
    agency = Agency(post.scene)
    asked = await agency.ask()
    assert asked.sent_to == "+49 ••• ••42"
    assert asked.again_at is not None
    code = post.code()
    with pytest.raises(TooManyAttempts):
        await agency.requested.again(errand(), asked.challenge.id)
    post.clock.now = asked.again_at
    later = await agency.requested.again(errand(), asked.challenge.id)
    assert later.challenge.id == asked.challenge.id
    assert later.again_at is None or later.again_at > asked.again_at
    assert len(post.texts.letters) == 2
    proven = await agency.requested.answer(errand(), asked.challenge.id, {"code": code})
    assert proven.proof.factor == "sms"


async def test_another_program_sends_nothing(post: Post) -> None:
    """A program that did not begin the challenge shows that it cannot have its message sent."""
    await post.confirmed()
    agency = Agency(post.scene)
    asked = await agency.ask()
    post.clock.travel(minutes=2)
    with pytest.raises(ChallengeGone):
        await agency.requested.again(errand(SHOP), asked.challenge.id)
    assert len(post.texts.letters) == 1


async def test_challenges_end(here: Scene) -> None:
    """A right answer that comes after ten minutes shows to be too late."""
    agency = Agency(here)
    phone = await agency.enroll()
    asked = (await agency.ask()).challenge
    assert asked.expires_at == here.clock() + timedelta(minutes=10)
    here.clock.travel(minutes=10)
    with pytest.raises(ChallengeGone):
        await agency.requested.answer(errand(), asked.id, phone.code(here.clock))
