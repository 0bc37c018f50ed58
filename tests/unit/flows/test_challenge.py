"""A person is asked and answers: counted before it is checked, used once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    NotFound,
    NotIdentified,
    ResponseRejected,
    SidecarError,
)
from sidecar.core.model import (
    Purpose,
    SessionStatus,
)
from sidecar.flows import build_flows
from sidecar.flows.challenge import MAX_FIELD_CHARS, MAX_FIELDS, bounded
from sidecar.flows.kit import CHALLENGE_LIFE
from sidecar.flows.visit import Visit
from sidecar.storage.bell import StillBell
from tests.unit.flows.scene import ADA, GRACE, Phone, Scene, kit_over


async def refused(here: Scene, visit: Visit, phone: Phone) -> type[SidecarError]:
    """Answer wrongly and return how that was refused."""
    with pytest.raises(SidecarError) as error:
        await here.fail(visit, phone)
    return type(error.value)


async def test_a_right_code_proves_rotates_and_is_recorded(here: Scene) -> None:
    """A right answer shows the proof, a new token, the spent challenge and the audit row."""
    _, phone = await here.enroll()
    visit, before = await here.enter()
    here.clock.travel(seconds=30)
    begun = await here.flows.challenges.begin(visit, "totp")
    assert begun.purpose is Purpose.SIGN_IN
    assert (await here.flows.challenges.show(visit, begun.id)).prompt == begun.prompt
    entered = await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))
    assert entered.token != before
    assert entered.session.status is SessionStatus.PROVEN
    (proof,) = entered.session.proofs
    assert (proof.factor, proof.amr, proof.at) == ("totp", ("otp",), here.clock())
    assert entered.token not in repr(entered)
    assert (await here.events())[0] == "challenge.verified"
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


@pytest.mark.conforms("ASVS-6.6.2")
async def test_a_challenge_belongs_to_person_and_session(here: Scene) -> None:
    """THREATS 60: a challenge offered by another session or person shows that it is not theirs."""
    visit, phone = await here.enroll()
    elsewhere, _ = await here.enter()
    grace, _ = await here.enter(GRACE)
    begun = await here.flows.challenges.begin(visit, "totp")
    here.clock.travel(seconds=30)
    for other in (elsewhere, grace, replace(grace, session=visit.session)):
        with pytest.raises(ChallengeGone):
            await here.flows.challenges.answer(other, begun.id, phone.code(here.clock))
        with pytest.raises(ChallengeGone):
            await here.flows.challenges.show(other, begun.id)
    assert here.factors["totp"].judged == 0
    await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


@pytest.mark.conforms("ASVS-6.5.5")
async def test_a_challenge_lives_ten_minutes(here: Scene) -> None:
    """An answer at the end of ten minutes shows that it comes too late, and is not judged."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    here.clock.now += CHALLENGE_LIFE
    assert timedelta(minutes=10) == CHALLENGE_LIFE
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))
    assert here.factors["totp"].judged == 0


async def test_an_enrollment_is_no_challenge(here: Scene) -> None:
    """THREATS 45: the id of an open enrollment, answered as a challenge, shows that it is none."""
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, "desk")
    begun = await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    for call in (here.flows.challenges.show(visit, begun.id),):
        with pytest.raises(ChallengeGone):
            await call
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, {"code": "000000"})


async def test_only_usable_factors_can_be_asked_for(here: Scene) -> None:
    """Newcomers, unknown factors, disabled ones and suspended people show that nobody is asked."""
    newcomer, _ = await here.enter(GRACE)
    visit, _ = await here.enroll()
    for asked, factor in ((newcomer, "totp"), (visit, "backup_codes"), (visit, "nonsense")):
        with pytest.raises(NotFound):
            await here.flows.challenges.begin(asked, factor)
        with pytest.raises(NotFound):
            await here.flows.challenges.offer(asked, factor)
    with pytest.raises(NotIdentified):
        await here.flows.challenges.begin(here.stranger(), "totp")
    await here.move("disable")
    with pytest.raises(NotFound):
        await here.flows.challenges.begin(visit, "totp")


async def test_a_challenge_dies_with_its_factor(here: Scene) -> None:
    """THREATS 38: a factor disabled while its challenge is open shows that no code is judged."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    await here.move("disable")
    here.clock.travel(seconds=30)
    with pytest.raises(NotFound):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))
    assert here.factors["totp"].judged == 0


# -- counting ----------------------------------------------------------------------------------


async def test_what_no_factor_asks_for_is_refused_uncounted(here: Scene) -> None:
    """THREATS 39: too many or too long fields show a refusal before anything is counted."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    for response in ({str(n): "" for n in range(MAX_FIELDS + 1)}, {"c": "x" * MAX_FIELD_CHARS}):
        for _ in range(10):
            with pytest.raises(ResponseRejected, match="malformed"):
                await here.flows.challenges.answer(visit, begun.id, response)
    assert bounded({"code": "1"}) == {"code": "1"}
    here.clock.travel(seconds=30)
    await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "１２３４５６", "12345x", "\0" * 6, "null"]
)
async def test_nonsense_is_counted_and_refused(here: Scene, text: str) -> None:
    """THREATS 39: each malformed code shows a refusal that counts, and leaves the person asked."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    with pytest.raises(ResponseRejected, match="malformed"):
        await here.flows.challenges.answer(visit, begun.id, {"code": text})
    with pytest.raises(ResponseRejected, match="malformed"):
        await here.flows.challenges.answer(visit, begun.id, {})
    here.clock.travel(seconds=30)
    await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


async def test_a_kit_without_the_factor_asks_for_nothing(here: Scene) -> None:
    """A factor taken out of the configuration while its challenge is open shows it gone."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    less = replace(here.kit, factors={"backup_codes": here.factors["backup_codes"]})
    with pytest.raises(NotFound):
        await build_flows(less, StillBell()).challenges.answer(
            visit, begun.id, phone.code(here.clock)
        )
    assert kit_over(here.store, here.clock).levels.keys() == {"totp", "backup_codes"}
