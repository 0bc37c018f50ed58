"""How far two clocks are apart."""

from datetime import timedelta

import pytest
import structlog

from sidecar.core.errors import ClockOff
from sidecar.flows.offset import REMEMBERED, ClockOffset
from tests.clock import START, ManualClock


def second(count: float) -> timedelta:
    return timedelta(seconds=count)


def measure(offset: ClockOffset, wall: ManualClock, *, took: float, ahead: float) -> None:
    """Ask a database whose clock is so far behind ours, which takes so long to answer."""
    asked_at = wall()
    told = asked_at + second(took / 2) - second(ahead)
    wall.travel(seconds=took)
    offset.learn(asked_at, told)


async def test_the_middle_of_a_question_is_compared() -> None:
    """An answer after 400 ms from a clock that agrees shows no difference, and readiness."""
    wall = ManualClock()
    offset = ClockOffset(wall)
    measure(offset, wall, took=0.4, ahead=0)
    assert offset.now == timedelta()
    await offset.require()


@pytest.mark.parametrize("ahead", [1.5, -1.5])
async def test_a_clock_that_is_off_is_told(ahead: float) -> None:
    """A clock more than a second ahead or behind shows not ready, and once a minute a line that
    says what to do.
    """
    wall = ManualClock()
    offset = ClockOffset(wall)
    with structlog.testing.capture_logs() as logged:
        for _ in range(70):
            measure(offset, wall, took=1 / 64, ahead=ahead)
            wall.travel(seconds=63 / 64)
    assert offset.now == second(ahead)
    with pytest.raises(ClockOff, match=r"1\.5 s"):
        await offset.require()
    assert [(line["event"], line["seconds"]) for line in logged] == [("clock.off", ahead)] * 2
    assert "NTP" in logged[0]["hint"]


async def test_slow_answers_say_nothing() -> None:
    """Answers that took more than 500 ms, and a clock that went back meanwhile, show no offset."""
    wall = ManualClock()
    offset = ClockOffset(wall)
    measure(offset, wall, took=0.51, ahead=9)
    measure(offset, wall, took=-0.1, ahead=9)
    offset.learn(wall(), None)
    assert offset.now == timedelta()
    await offset.require()


async def test_the_quickest_of_the_last_answers_counts() -> None:
    """One slow answer among quick ones shows what the quick ones said; in time it is forgotten."""
    wall = ManualClock()
    offset = ClockOffset(wall)
    measure(offset, wall, took=0.01, ahead=2)
    for _ in range(REMEMBERED - 1):
        measure(offset, wall, took=0.4, ahead=0.25)
    assert offset.now == second(2)
    measure(offset, wall, took=0.4, ahead=0.25)
    assert offset.now == second(0.25)
    await offset.require()
    assert wall() > START
