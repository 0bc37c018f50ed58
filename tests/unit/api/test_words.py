"""The kinds of values that several endpoints share."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from sidecar.api.words import (
    ApiModel,
    AskedFlag,
    AskedMoment,
    AuthenticatorName,
    Cursor,
    Identifier,
    Line,
    Moment,
    Paged,
    UserId,
    Word,
    moment_of,
)


class Everything(ApiModel):
    """One of each."""

    user: UserId = "alice"
    line: Line = "a line"
    which: Identifier = "abcdefgh"
    word: Word = "totp"
    cursor: Cursor = "abc"
    asked: AskedMoment = "2026-01-31T12:00:00Z"
    name: AuthenticatorName = "Phone"
    flag: AskedFlag = False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", "realm:alice"),
        ("user", "ünïcode@example.com"),
        ("user", "a/b?c#d"),
        ("line", "Zoë's phone"),
        ("asked", "2026-01-31T12:00:00.5+02:00"),
        ("asked", "2026-01-31t12:00:00.1234567891z"),
        ("name", "Zoë's phone"),
        ("flag", True),
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
        ("asked", "0001-01-01T00:00:00+23:59"),
        ("asked", "9999-12-31T23:59:59-00:01"),
        ("asked", "2026-01-31T12:00:00+24:00"),
        ("asked", "\u0662026-01-31T12:00:00Z"),
        ("name", " "),
        ("name", "a\tb"),
        ("name", "x" * 61),
        ("flag", "yes"),
        ("flag", 1),
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


def test_moments_are_asked_for_with_any_offset() -> None:
    """A moment shows the same in UTC, however it was written."""
    expected = datetime(2026, 1, 31, 10, tzinfo=UTC)
    for asked in ("2026-01-31T12:00:00+02:00", "2026-01-31t10:00:00z", "2026-01-31T10:00:00.0Z"):
        assert moment_of(asked) == expected


@pytest.mark.parametrize("limit", ["1", "200", "007"])
def test_a_number_of_a_query_is_digits(limit: str) -> None:
    """Digits within bounds show the number."""
    assert Paged.model_validate_strings({"limit": limit}).limit == int(limit)


def test_the_bounds_of_a_page_are_described() -> None:
    """The description shows how long a page can be."""
    told = Paged.model_json_schema()["properties"]["limit"]
    assert (told["type"], told["minimum"], told["maximum"]) == ("integer", 1, 200)


@pytest.mark.parametrize("limit", ["0", "201", " 5", "5.0", "1_0", "+5", "٣", "1e1", "9" * 5000])
def test_what_is_no_number_is_refused(limit: str) -> None:
    """Spaces, points, signs, other digits and too many of them show a fault."""
    with pytest.raises(ValidationError):
        Paged.model_validate_strings({"limit": limit})
