"""How often a secret may be guessed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.guessing import (
    DISABLE_AT,
    STRANGERS_CLOSE_AT,
    WINDOWS,
    Closed,
    Open,
    Tally,
    judge,
)

FREE = Tally((0, 0, 0), (0, 0, 0), 0, 0)

tallies = st.builds(
    Tally,
    st.tuples(st.integers(0, 7), st.integers(0, 22), st.integers(0, 110)),
    st.tuples(st.integers(-5, 300), st.integers(-5, 3600), st.integers(-5, 10**6)),
    st.integers(0, 110),
    st.integers(0, 60),
)


@pytest.mark.conforms("ASVS-6.3.1", "NIST-RL-2")
@pytest.mark.parametrize(
    ("tally", "known", "expected"),
    [
        (FREE, True, Open(last=False)),
        (FREE, False, Open(last=False)),
        (replace(FREE, in_window=(4, 19, 99)), False, Open(last=False)),
        (replace(FREE, in_window=(5, 5, 5), frees_in_s=(17, 900, 9000)), False, Closed(17)),
        (replace(FREE, in_window=(5, 20, 30), frees_in_s=(17, 900, 9000)), True, Closed(900)),
        (replace(FREE, in_window=(0, 0, 100), frees_in_s=(0, 0, 9000)), True, Closed(9000)),
        (replace(FREE, in_window=(5, 0, 0), frees_in_s=(0, 0, 0)), True, Closed(1)),
        (replace(FREE, in_window=(9, 0, 0), frees_in_s=(-3, 0, 0)), True, Closed(1)),
        (replace(FREE, strangers_streak=STRANGERS_CLOSE_AT - 1), False, Open(last=False)),
        (replace(FREE, strangers_streak=STRANGERS_CLOSE_AT), False, Closed(None)),
        (replace(FREE, strangers_streak=STRANGERS_CLOSE_AT), True, Open(last=False)),
        (replace(FREE, streak=DISABLE_AT - 2), True, Open(last=False)),
        (replace(FREE, streak=DISABLE_AT - 1), True, Open(last=True)),
        (replace(FREE, streak=DISABLE_AT), True, Closed(None)),
        (replace(FREE, streak=DISABLE_AT + 9), False, Closed(None)),
    ],
)
def test_bounds(tally: Tally, *, known: bool, expected: Open | Closed) -> None:
    """THREATS 49, 57: each window and streak shows its bound, exactly, and that strangers cannot
    close a person's own browser.
    """
    assert judge(tally, known=known) == expected


@given(one=tallies, other=tallies, known=st.booleans())
def test_more_failures_never_open(*, one: Tally, other: Tally, known: bool) -> None:
    """Any two tallies show that what is closed stays closed when more was counted."""
    more = Tally(
        tuple(max(pair) for pair in zip(one.in_window, other.in_window, strict=True)),
        other.frees_in_s,
        max(one.streak, other.streak),
        max(one.strangers_streak, other.strangers_streak),
    )
    if isinstance(judge(one, known=known), Closed):
        assert isinstance(judge(more, known=known), Closed)


@given(tallies)
def test_strangers_have_no_advantage(tally: Tally) -> None:
    """Any tally shows that a stranger may never try where a known browser may not, and that a try
    which is made is never the hundred-and-first in a row.
    """
    stranger, known = judge(tally, known=False), judge(tally, known=True)
    assert isinstance(known, Open) or isinstance(stranger, Closed)
    if isinstance(known, Open):
        assert tally.streak < DISABLE_AT
        assert known.last == (tally.streak == DISABLE_AT - 1)


def test_a_stranger_gets_at_most_the_limit() -> None:
    """A loop of failures without a pause shows that exactly the first window's limit is made."""
    made = 0
    while isinstance(judge(Tally((made,) * 3, (300, 3600, 10**6), made, made), known=False), Open):
        made += 1
    assert made == WINDOWS[0][1]


def test_a_tally_without_all_windows_is_an_error() -> None:
    """A store that forgets a window shows an exception and never an open bucket."""
    with pytest.raises(ValueError, match="zip"):
        judge(replace(FREE, in_window=(0, 0)), known=True)
