"""Twin of sidecar/proxy/health.py."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.proxy.health import FAILURES, FIRST_PAUSE_S, LONGEST_PAUSE_S, Health


def set_aside(now: float = 0) -> Health:
    health = Health()
    for _ in range(FAILURES):
        health.failed(now, trial=False)
    return health


def test_failures_in_a_row() -> None:
    """Shows that only failures with no success between them set an address aside."""
    health = Health()
    for _ in range(3):
        for _ in range(FAILURES - 1):
            health.failed(0, trial=False)
        assert health.ready(0)
        assert not health.begin(0)
        health.succeeded()
    assert set_aside().set_aside
    assert not set_aside().ready(0)


def test_a_trial_at_a_time() -> None:
    """Shows that one request tries an address in each pause, whether or not it ends."""
    health = set_aside()
    assert not health.ready(FIRST_PAUSE_S - 0.1)
    assert not health.begin(FIRST_PAUSE_S - 0.1)
    for now in (FIRST_PAUSE_S, 2 * FIRST_PAUSE_S):
        assert health.ready(now)
        assert health.begin(now)
        assert not health.ready(now)
        assert not health.begin(now + FIRST_PAUSE_S - 0.1)


def test_pauses_grow() -> None:
    """Shows that each trial that fails doubles the pause, up to a bound, and a success ends it."""
    health, now, pauses = set_aside(), 0.0, []
    for _ in range(8):
        now = health.due
        assert health.begin(now)
        health.failed(now, trial=True)
        pauses.append(health.due - now)
    assert pauses == [2, 4, 8, 16, *[LONGEST_PAUSE_S] * 4]
    health.succeeded()
    assert (health.failures, health.set_aside, health.ready(now)) == (0, False, True)


def test_late_failures_do_not_count_twice() -> None:
    """Shows that what was on its way when an address was set aside makes nothing worse."""
    health = set_aside()
    for _ in range(100):
        health.failed(0.5, trial=False)
    assert (health.pause_s, health.due) == (FIRST_PAUSE_S, FIRST_PAUSE_S)


def test_a_trial_after_a_success_is_a_request_like_any_other() -> None:
    """Shows that the failure of a trial counts once where another success came first."""
    health = set_aside()
    assert health.begin(FIRST_PAUSE_S)
    health.succeeded()
    health.failed(2, trial=True)
    assert (health.failures, health.set_aside) == (1, False)


@given(st.lists(st.tuples(st.sampled_from("tsfx"), st.floats(0, 40)), max_size=60))
def test_an_address_is_never_lost(events: list[tuple[str, float]]) -> None:
    """Shows that after anything at all an address is tried again within the longest pause."""
    health, now = Health(), 0.0
    for what, later in events:
        now += later
        trial = health.begin(now) if what == "t" else False
        if what == "s":
            health.succeeded()
        elif what in "tf":
            health.failed(now, trial=trial)
        assert health.ready(now + LONGEST_PAUSE_S)
        assert health.set_aside <= (health.failures >= FAILURES)
