"""A counted answer is judged once, and nothing of its consequences is lost or doubled."""

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    PluginFailed,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
)
from sidecar.core.model import AuthenticatorId, Prompt, Rejected, Verified
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import Phone, Scene


async def refused(here: Scene, visit: Visit, phone: Phone) -> type[SidecarError]:
    """Answer wrongly and return how that was refused."""
    with pytest.raises(SidecarError) as error:
        await here.fail(visit, phone)
    return type(error.value)


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
    with pytest.raises(PluginFailed):
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


# -- used up -----------------------------------------------------------------------------------


async def test_a_factor_may_use_its_challenge_up(here: Scene) -> None:
    """A rejection that ends its challenge shows it gone, and what the page's script is told."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    tell = Prompt("signal_unknown_key", {"credential_id": "AQ"})
    here.factors["totp"].verdict = Rejected("unknown-key", over=True, tell=tell)
    with pytest.raises(ResponseRejected) as error:
        await here.flows.challenges.answer(visit, begun.id, phone.wrong(here.clock))
    assert (error.value.reason, error.value.over, error.value.tell) == ("unknown-key", True, tell)
    here.factors["totp"].verdict = None
    here.clock.travel(seconds=30)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


async def test_a_rejection_that_comes_second_is_recorded_all_the_same(here: Scene) -> None:
    """A challenge used up by another answer meanwhile shows the refusal in the trail, counted."""
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    here.clock.travel(seconds=30)
    right, totp = phone.code(here.clock), here.factors["totp"]

    async def faster() -> None:
        totp.verdict = None
        await here.flows.challenges.answer(visit, begun.id, right)
        totp.verdict = Rejected(over=True)

    totp.verdict, totp.meanwhile = Rejected(over=True), faster
    with pytest.raises(ResponseRejected):
        await here.flows.challenges.answer(visit, begun.id, phone.wrong(here.clock))
    assert (await here.events())[:2] == ["challenge.rejected", "challenge.verified"]
