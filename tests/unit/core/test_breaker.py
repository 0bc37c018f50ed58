"""Who may try what failed before, and when."""

import pytest

from sidecar.core.breaker import LONGEST_PAUSE_S, PAUSE_S, Breaker, Tripped


class Seconds:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def refused(breaker: Breaker) -> bool:
    try:
        breaker.enter()
    except Tripped as tripped:
        return tripped.retry_after_s >= 1
    return False


def test_what_works_is_always_tried() -> None:
    """Successes show nobody refused, and one failure fewer than it takes changes nothing."""
    breaker = Breaker(Seconds(), after=3)
    for _ in range(3):
        breaker.enter()
        breaker.failed()
        breaker.enter()
        breaker.failed()
        breaker.enter()
        breaker.succeeded()
    assert not breaker.tripped


def test_after_a_failure_one_tries_for_all() -> None:
    """The end of the pause shows one let through, and the rest once that one succeeded."""
    seconds = Seconds()
    breaker = Breaker(seconds)
    breaker.enter()
    breaker.failed()
    assert refused(breaker)
    seconds.now += PAUSE_S
    assert [refused(breaker) for _ in range(3)] == [False, True, True]
    breaker.succeeded()
    assert [refused(breaker) for _ in range(3)] == [False, False, False]


def test_pauses_grow_to_the_longest_and_start_anew() -> None:
    """Failures in a row show doubled pauses up to a bound; a success ends the row."""
    seconds = Seconds()
    breaker = Breaker(seconds)
    pauses = []
    for _ in range(6):
        breaker.enter()
        breaker.failed()
        before = seconds.now
        while refused(breaker):
            seconds.now += PAUSE_S / 4
        breaker.left()
        pauses.append(seconds.now - before)
    assert pauses == [0.25, 0.5, 1.0, 2.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    breaker.succeeded()
    breaker.failed()
    seconds.now += PAUSE_S
    assert not refused(breaker)


def test_who_cannot_say_leaves_the_next_to_try() -> None:
    """Somebody cancelled under way shows that the next one may try, not that all must wait."""
    seconds = Seconds()
    breaker = Breaker(seconds)
    breaker.failed()
    seconds.now += PAUSE_S
    breaker.enter()
    with pytest.raises(Tripped):
        breaker.enter()
    breaker.left()
    breaker.enter()
