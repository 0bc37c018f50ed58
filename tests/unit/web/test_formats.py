"""Times and spans in words."""

from datetime import UTC, datetime, timedelta

import pytest
from babel import Locale

from sidecar.web.formats import Formats

NOW = datetime(2026, 3, 14, 13, 58, 20, tzinfo=UTC)
EN, DE = Formats(Locale("en")), Formats(Locale("de"))


@pytest.mark.parametrize(
    ("before", "english", "german"),
    [
        (timedelta(0), "1 minute ago", "vor 1 Minute"),
        (timedelta(seconds=-30), "1 minute ago", "vor 1 Minute"),
        (timedelta(minutes=5), "5 minutes ago", "vor 5 Minuten"),
        (timedelta(days=3), "3 days ago", "vor 3 Tagen"),
    ],
)
def test_ago(before: timedelta, english: str, german: str) -> None:
    """Distances show that a clock slightly ahead never makes the future out of the past."""
    assert f">{english}<" in EN.ago(NOW - before, NOW)
    assert f">{german}<" in DE.ago(NOW - before, NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "1 minute"),
        (1, "1 minute"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (5400, "90 minutes"),
        (7201, "3 hours"),
    ],
)
def test_wait_is_rounded_up(seconds: int, text: str) -> None:
    """Seconds left show that nobody is told to come back too early."""
    assert f">{text}<" in EN.wait(NOW + timedelta(seconds=seconds), NOW)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=24), "1 day"),
        (timedelta(0), "1 second"),
    ],
)
def test_span(length: timedelta, text: str) -> None:
    """Lengths show that a promise is never longer than what holds."""
    assert EN.span(length) == text


def test_times_say_their_zone_and_carry_the_instant() -> None:
    """A time of day shows that it is right without a script and exact for one."""
    assert EN.clock(NOW).replace("\u202f", " ") == (
        '<time datetime="2026-03-14T13:58:20+00:00" data-local="time">1:58 PM UTC</time>'
    )
    assert DE.clock(NOW).endswith(">13:58 UTC</time>")
    assert DE.moment(NOW).endswith(">14.03.2026, 13:58 UTC</time>")
    assert DE.day(NOW).endswith(">14.03.2026</time>")


def test_naive_times_are_refused() -> None:
    """A time without a zone shows that it stops the page instead of showing a wrong hour."""
    with pytest.raises(ValueError, match="zone"):
        EN.clock(NOW.replace(tzinfo=None))
