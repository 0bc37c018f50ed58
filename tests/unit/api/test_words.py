"""The kinds of values that several endpoints share."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from sidecar.api.words import ApiModel, AskedMoment, Cursor, Identifier, Line, Moment, UserId, Word


class Everything(ApiModel):
    """One of each."""

    user: UserId = "alice"
    line: Line = "a line"
    which: Identifier = "abcdefgh"
    word: Word = "totp"
    cursor: Cursor = "abc"
    asked: AskedMoment = "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", "realm:alice"),
        ("user", "ünïcode@example.com"),
        ("user", "a/b?c#d"),
        ("line", "Zoë's phone"),
        ("asked", "2026-01-31T12:00:00.5+02:00"),
    ],
)
def test_what_is_plain_is_taken(field: str, value: str) -> None:
    """Names and lines of all scripts show to be taken as they are."""
    assert getattr(Everything.model_validate({field: value}), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", ""),
        ("user", "x" * 321),
        ("user", "a\x00b"),
        ("user", "a\u202eb"),
        ("user", "\u2126"),
        ("line", "two\nlines"),
        ("line", "\u200b"),
        ("line", "x" * 256),
        ("which", "short"),
        ("which", "../../../etc"),
        ("word", "Totp"),
        ("cursor", "a=b"),
        ("asked", "yesterday"),
        ("asked", "2026-01-31"),
        ("asked", "2026-02-31T12:00:00Z"),
        ("asked", "2026-01-31T12:00:00"),
        ("line", 7),
        ("line", None),
    ],
)
def test_what_could_be_taken_for_something_else_is_refused(field: str, value: object) -> None:
    """Invisible, endless, half and foreign values show a fault."""
    with pytest.raises(ValidationError):
        Everything.model_validate({field: value})


def test_moments_are_told_in_utc() -> None:
    """A moment shows as RFC 3339 in UTC, to the second."""

    class Told(ApiModel):
        at: Moment

    at = datetime(2026, 1, 31, 12, 0, 0, 999_999, timezone(timedelta(hours=2)))
    assert Told(at=at).model_dump_json() == '{"at":"2026-01-31T10:00:00Z"}'
    assert Told(at=at.astimezone(UTC)).at == at
