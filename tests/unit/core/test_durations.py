"""Durations, read and shown."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.durations import parse_duration, show_duration


def test_durations_have_a_unit() -> None:
    """Numbers with each unit show what they stand for."""
    assert parse_duration("500ms") == timedelta(milliseconds=500)
    assert parse_duration("30d") == timedelta(days=30)
    assert parse_duration("0s") == timedelta(0)


@pytest.mark.parametrize(
    "value", ["5", "5 m", "1:30", "m", "-5m", "5.5h", "٥m", 5, None, True, "5M"]
)
def test_other_forms_are_refused(value: object) -> None:
    """Values in another form show that none of them is guessed at."""
    with pytest.raises(ValueError, match="a duration is written"):
        parse_duration(value)


@given(st.integers(0, 10**9 - 1), st.sampled_from(["ms", "s", "m", "h"]))
def test_durations_are_shown_as_they_are_written(count: int, unit: str) -> None:
    """Any duration shows that what is printed reads back as the same one."""
    once = parse_duration(f"{count % 10**6}{unit}")
    assert parse_duration(show_duration(once)) == once


def test_shortest_forms_are_shown() -> None:
    """Round values show that they are printed in their largest unit."""
    shown = [show_duration(timedelta(seconds=value)) for value in (0, 0.5, 90, 3600, 86400)]
    assert shown == ["0s", "500ms", "90s", "1h", "1d"]
