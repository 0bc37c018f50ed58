"""How a device's clock is learned, and how its owner is told that it is off."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.factors.totp import REACH
from sidecar.core.model import Enrolled, Rejected, Verified
from tests.plugins.factors.apps import SECRET, STEP, after, answer, app, code, context, state, totp

# --- enrollment and drift -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "drifts"),
    [
        ({}, {-2: -1, -1: 0, 0: 0, 1: 1, 2: 2}),
        ({"window": 0}, {-2: -2, -1: -1, 0: 0, 1: 1, 2: 2}),
        ({"window": 2}, {-2: 0, -1: 0, 0: 0, 1: 1, 2: 2}),
        ({"max_drift": 0}, {-1: 0, 0: 0}),
        ({"max_drift": 1}, {-1: 0, 0: 0, 1: 1}),
    ],
    ids=str,
)
async def test_enrollment_learns_the_drift(options: dict[str, int], drifts: dict[int, int]) -> None:
    """Each offset shows which enrollments pass, and that the least drift that explains is kept."""
    learned = {}
    for offset in range(-REACH - 2, REACH + 3):
        outcome = await totp(**options).finish_enrollment(context(), SECRET, code(STEP + offset))
        if isinstance(outcome, Enrolled):
            assert state(outcome).last_step == STEP + offset
            learned[offset] = state(outcome).drift
        elif abs(offset) <= REACH:
            assert outcome == Rejected("clock-off", hint_s=30 * offset)
        else:
            assert outcome == Rejected()
    assert learned == drifts


async def test_a_slow_clock_is_learned_from_three_late_codes() -> None:
    """A clock that falls behind shows that it is followed step by step and never lost."""
    factor, device = totp(), app()
    drifts = []
    for turn, offset in enumerate([-1, -1, -1, -2, -2, -2, -3, -2, -3]):
        at = STEP + 5 * turn
        outcome = await answer(factor, device, step=at + offset, at=at)
        assert isinstance(outcome, Verified), turn
        device = after(device, outcome)
        drifts.append(state(outcome).drift)
    assert drifts == [0, 0, -1, -1, -1, -2, -2, -2, -2]


async def test_a_clock_set_right_is_believed_at_once() -> None:
    """One code on time shows that a drift behind is forgotten, since no code comes early."""
    outcome = await answer(totp(), app(drift=-2, late=2))
    assert (state(outcome).drift, state(outcome).late) == (0, 0)
    ahead = await answer(totp(), app(drift=2))
    assert state(ahead).drift == 1


async def test_slow_typing_is_no_drift() -> None:
    """Late codes with one on time between them show that the window stays as it was."""
    factor, device = totp(), app()
    for turn, offset in enumerate([-1, -1, 0] * 5):
        at = STEP + 5 * turn
        outcome = await answer(factor, device, step=at + offset, at=at)
        device = after(device, outcome)
        assert state(outcome).drift == 0


@settings(deadline=None)
@given(
    offsets=st.lists(st.integers(-4, 4), max_size=30),
    window=st.integers(0, 2),
    max_drift=st.integers(0, 2),
)
async def test_drift_is_bounded_and_steps_only_grow(
    offsets: list[int], window: int, max_drift: int
) -> None:
    """Any history shows that drift stays in bounds, the present code always passes, none twice."""
    factor, device = totp(window=window, max_drift=max_drift), app()
    newest = -1
    for turn, offset in enumerate(offsets):
        at = STEP + 10 * turn
        outcome = await answer(factor, device, step=at + offset, at=at)
        device = after(device, outcome)
        if isinstance(outcome, Verified):
            assert newest < state(outcome).last_step == at + offset
            newest = at + offset
            assert abs(state(outcome).drift) <= max_drift
        assert isinstance(await answer(factor, device, step=at + 6, at=at + 6), Verified)


@settings(deadline=None)
@given(drift=st.integers(-2, 0), delays=st.lists(st.booleans(), max_size=12))
async def test_a_steady_clock_is_learned(drift: int, delays: list[bool]) -> None:
    """A device that is behind by a steady offset shows that after six prompt codes even late
    ones pass, whatever was typed before.
    """
    factor = totp()
    enrolled = await factor.finish_enrollment(context(), SECRET, code(STEP + drift))
    device = after(app(), enrolled)
    for turn, late in enumerate([*delays, *[False] * 6, True], start=1):
        at = STEP + 5 * turn
        outcome = await answer(factor, device, step=at + drift - late, at=at)
        device = after(device, outcome)
    assert isinstance(outcome, Verified)


# --- the clock hint ------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-10, -7, -2, 1, 5, 10])
async def test_the_second_code_with_the_same_offset_gets_the_hint(offset: int) -> None:
    """Two codes off by as much show that the second is told by how many seconds, not the first."""
    first = await answer(totp(), app(), step=STEP + offset)
    assert isinstance(first, Rejected)
    assert (first.reason, first.hint_s, first.authenticator_id) == ("wrong", None, "phone")
    device = after(app(), first)
    second = await answer(totp(), device, step=STEP + 1 + offset, at=STEP + 1)
    assert isinstance(second, Rejected)
    assert (second.reason, second.hint_s) == ("clock-off", 30 * offset)
    assert second.authenticator_id == "phone"


async def test_the_same_code_again_gets_no_hint() -> None:
    """One code typed twice shows that it is evidence of nothing."""
    device = after(app(), await answer(totp(), app(), step=STEP + 5))
    assert await answer(totp(), device, step=STEP + 5) == Rejected()
    later = await answer(totp(), device, step=STEP + 5, at=STEP + 1)
    assert isinstance(later, Rejected)
    assert later.reason == "wrong"


async def test_other_offsets_get_no_hint() -> None:
    """Two codes off by different times show that no hint is given, and the newer is remembered."""
    device = after(app(), await answer(totp(), app(), step=STEP + 5))
    other = await answer(totp(), device, step=STEP + 7)
    assert isinstance(other, Rejected)
    assert other.reason == "wrong"
    assert (state(other).off_by, state(other).off_step) == (7, STEP + 7)


@settings(deadline=None)
@given(offset=st.integers(-REACH, REACH), later=st.integers(1, 6), tries=st.integers(2, 5))
async def test_a_hint_helps_nobody_guess(offset: int, later: int, tries: int) -> None:
    """Every code that a hint confirmed shows that it is never accepted, whenever it comes."""
    factor, device, told = totp(), app(), []
    for turn in range(tries):
        at = STEP + later * turn
        outcome = await answer(factor, device, step=at + offset, at=at)
        device = after(device, outcome)
        told.append(at + offset)
        if isinstance(outcome, Rejected) and outcome.reason == "clock-off":
            assert len(state(outcome).burned) <= 2 * REACH + 2
            for step in told:
                for when in range(max(at, step - 3), step + 4):
                    refused = await answer(factor, device, step=step, at=when)
                    assert isinstance(refused, Rejected)
                    assert refused.reason in {"already-used", "wrong"}


async def test_a_hinted_code_in_the_window_is_called_used() -> None:
    """A code that got the hint, typed again when its time comes, shows the advice to wait."""
    device = app()
    for turn in (0, 1):
        device = after(device, await answer(totp(), device, step=STEP + turn + 5, at=STEP + turn))
    assert await answer(totp(), device, step=STEP + 6, at=STEP + 6) == Rejected("already-used")


async def test_a_success_unburns_nothing_ahead() -> None:
    """A right code after the hint shows that hinted codes stay refused when their time comes."""
    device = app()
    for turn in (0, 1):
        device = after(device, await answer(totp(), device, step=STEP + turn + 5, at=STEP + turn))
    device = after(device, await answer(totp(), device, step=STEP + 2, at=STEP + 2))
    for step in (STEP + 5, STEP + 6):
        assert await answer(totp(), device, step=step, at=step) == Rejected("already-used")
    last = await answer(totp(), device, step=STEP + 7, at=STEP + 7)
    assert state(last).burned == ()


async def test_success_forgets_what_was_off() -> None:
    """A right code between two wrong ones shows that the second gets no hint."""
    device = after(app(), await answer(totp(), app(), step=STEP + 9))
    device = after(device, await answer(totp(), device))
    later = await answer(totp(), device, step=STEP + 10, at=STEP + 1)
    assert isinstance(later, Rejected)
    assert later.reason == "wrong"


async def test_the_answer_that_says_most_wins() -> None:
    """Two apps of which one is off show that its memory is kept, whichever comes first."""
    other = app(b"another of 20 bytes!", "tablet")
    for apps in ((app(), other), (other, app())):
        outcome = await totp().finish_challenge(context(), apps, b"", code(STEP + 6))
        assert isinstance(outcome, Rejected)
        assert outcome.authenticator_id == "phone"
