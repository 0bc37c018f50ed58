"""Twin of sidecar/flows/deadlines.py."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sidecar.flows.deadlines import Deadlines
from tests.clock import START


class Thing:
    """Something that cannot be ordered."""


moments = st.integers(-100, 100).map(lambda seconds: START + timedelta(seconds=seconds))


@given(st.lists(moments), moments)
def test_what_is_due_comes_once_and_in_order(times: list[datetime], now: datetime) -> None:
    """Shows that everything due is given out, earliest first, and nothing that is not."""
    deadlines = Deadlines[datetime]()
    for when in times:
        deadlines.add(when, when)
    due = list(deadlines.due(now))
    assert due == sorted(when for when in times if when <= now)
    assert (list(deadlines.due(now)), len(deadlines)) == ([], len(times) - len(due))


def test_equal_moments_need_no_order() -> None:
    """Two things due at once show that they are given out in the order they came."""
    deadlines, things = Deadlines[Thing](), [Thing(), Thing()]
    for thing in things:
        deadlines.add(START, thing)
    assert list(deadlines.due(START)) == things


def test_only_what_is_wanted_is_kept() -> None:
    """Shows that what nobody waits for any more takes no room, and the rest is still in order."""
    deadlines = Deadlines[int]()
    for number in (4, 1, 3, 2):
        deadlines.add(START + timedelta(seconds=number), number)
    deadlines.keep(lambda number: number != 1)
    assert len(deadlines) == 3
    assert list(deadlines.due(START + timedelta(seconds=3))) == [2, 3]


def test_more_may_come_while_it_is_given_out() -> None:
    """Something added in between shows that it is given out too if it is due, and kept if not."""
    deadlines = Deadlines[str]()
    got: list[str] = []
    deadlines.add(START, "first")
    for what in deadlines.due(START):
        got.append(what)
        if what == "first":
            deadlines.add(START, "second")
            deadlines.add(START + timedelta(seconds=1), "later")
    assert (got, len(deadlines)) == (["first", "second"], 1)
