"""A person is asked and answers: counted before it is checked, used once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    NotFound,
    NotIdentified,
    PluginFailed,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
)
from sidecar.core.model import (
    AuthenticatorId,
    Prompt,
    Purpose,
    SessionStatus,
    Verified,
)
from sidecar.flows.challenge import MAX_FIELD_CHARS, MAX_FIELDS, bounded
from sidecar.flows.kit import CHALLENGE_LIFE
from sidecar.flows.visit import Visit
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
            await here.flows.challenges.preview(asked, factor)
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


async def test_a_prompt_may_be_shown_before_it_is_begun(here: Scene) -> None:
    """A preview shows the prompt of a factor that has nothing to remember, and begins nothing."""
    visit, _ = await here.enroll()
    prompt = await here.flows.challenges.preview(visit, "totp")
    assert prompt == Prompt("code", {"digits": 6, "names": ("totp",)})

    here.factors["totp"].state = b"remembered"
    assert await here.flows.challenges.preview(visit, "totp") is None


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


async def test_a_plugin_that_breaks_costs_a_try_and_proves_nothing(here: Scene) -> None:
    """A factor that raises shows a named failure, a counted try and no proof (promise 2)."""
    visit, phone = await here.enroll()
    here.factors["totp"].broken = LookupError("secret inside")
    for _ in range(5):
        begun = await here.flows.challenges.begin(visit, "totp")
        with pytest.raises(PluginFailed) as error:
            await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))
        assert "secret inside" not in str(error.value)
    here.factors["totp"].broken = None
    assert await refused(here, visit, phone) is TooManyAttempts
    here.factors["totp"].broken = ChallengeGone("one of our own words")
    here.clock.travel(minutes=5)
    assert await refused(here, visit, phone) is ChallengeGone


async def test_a_factor_that_names_another_authenticator_is_broken(here: Scene) -> None:
    """A verdict on an authenticator that was not given shows that nothing comes of it."""
    visit, phone = await here.enroll()

    here.factors["totp"].verdict = Verified(AuthenticatorId("another's"), ("otp",))
    begun = await here.flows.challenges.begin(visit, "totp")
    with pytest.raises(RuntimeError):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


# -- races -------------------------------------------------------------------------------------


async def test_a_session_that_ends_meanwhile_gets_nothing(here: Scene) -> None:
    """THREATS 46: signing out everywhere while a right code is judged shows nothing gained."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    here.clock.travel(seconds=30)
    right = phone.code(here.clock)
    other, _ = await here.enter()
    here.factors["totp"].meanwhile = lambda: here.flows.sessions.end_all(other)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, right)
    assert "challenge.verified" not in await here.events()


# -- the hint ----------------------------------------------------------------------------------


async def test_a_clock_hint_is_given_only_with_what_it_burns(here: Scene) -> None:
    """Two codes of the same offset show the hint once stored, and none where storing was lost."""
    visit, phone = await here.enroll()

    async def answer(ahead: int) -> ResponseRejected:
        begun = await here.flows.challenges.begin(visit, "totp")
        with pytest.raises(ResponseRejected) as error:
            await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock, ahead=ahead))
        return error.value

    here.clock.travel(minutes=5)
    assert (await answer(6)).hint_s is None
    here.clock.travel(seconds=60)
    hinted = await answer(6)
    assert (hinted.reason, hinted.hint_s) == ("clock-off", 180)
    here.clock.travel(seconds=180)
    assert (await answer(0)).reason in {"already-used", "wrong"}  # burned by the hint


async def test_a_hint_that_cannot_be_stored_is_not_given(here: Scene) -> None:
    """An authenticator that changes while a hint is prepared shows plain "wrong"."""
    visit, phone = await here.enroll()
    elsewhere, _ = await here.enter()
    here.clock.travel(minutes=5)
    first = await here.flows.challenges.begin(visit, "totp")
    with pytest.raises(ResponseRejected):
        await here.flows.challenges.answer(visit, first.id, phone.code(here.clock, ahead=6))
    here.clock.travel(seconds=60)
    second = await here.flows.challenges.begin(visit, "totp")
    side = await here.flows.challenges.begin(elsewhere, "totp")
    right = phone.code(here.clock)
    here.factors["totp"].meanwhile = lambda: here.flows.challenges.answer(elsewhere, side.id, right)
    with pytest.raises(ResponseRejected, match="wrong") as error:
        await here.flows.challenges.answer(visit, second.id, phone.code(here.clock, ahead=6))
    assert error.value.hint_s is None


async def test_a_kit_without_the_factor_asks_for_nothing(here: Scene) -> None:
    """A factor taken out of the configuration while its challenge is open shows it gone."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    here.factors.pop("totp")
    with pytest.raises(NotFound):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))
    assert kit_over(here.store, here.clock).levels.keys() == {"totp", "backup_codes"}
