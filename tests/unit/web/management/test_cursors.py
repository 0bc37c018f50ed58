"""Where the next page begins."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sidecar.api.words import Cursor
from sidecar.core.api_errors import InputInvalid
from sidecar.core.subjects import MAX_SUBJECT_BYTES
from sidecar.web.management.cursors import pack, unpack

NUMBERS = st.integers(0, 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60)


@given(NUMBERS)
def test_a_number_comes_back(number: int) -> None:
    """Any row's number shows to come back as it was, in characters of a query."""
    assert unpack(pack(number), int, 1) == (number,)


@given(TEXTS, TEXTS)
def test_texts_come_back(one: str, other: str) -> None:
    """Two texts show to come back as they were."""
    cursor = pack(one, other)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert unpack(cursor, str, 2) == (one, other)


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "null", "!", "WzFd" * 200, pack(), pack(1, 2), pack("1"), pack(-1), pack(2**63)),
        *("W3RydWVd", "WzEuMF0", "MQ", "e30", "W1tbW1tb", "gICA", "abcde", "W05hTl0"),
    ],
)
def test_what_no_list_gave_is_refused(cursor: str) -> None:
    """Other types, numbers no row has, other lengths and no cursor at all show a fault of the
    parameter.
    """
    with pytest.raises(InputInvalid) as refused:
        unpack(cursor, int, 1)
    assert [fault.parameter for fault in refused.value.faults] == ["cursor"]


@pytest.mark.parametrize("text", ["\ud800", "\x00", "a\nb"])
def test_text_that_no_row_has_is_refused(text: str) -> None:
    """Half characters and control characters show a fault and never reach the store."""
    cursor = urlsafe_b64encode(json.dumps([text]).encode()).decode().rstrip("=")
    with pytest.raises(InputInvalid):
        unpack(cursor, str, 1)


@pytest.mark.parametrize("letter", ["a", '"', "\u044f", "\u6f22", "\U0001f600"])
def test_the_longest_name_fits(letter: str) -> None:
    """A name as long as one may be, in any script, shows a cursor that is taken back."""
    subject = letter * (MAX_SUBJECT_BYTES // len(letter.encode()))
    cursor = TypeAdapter(Cursor).validate_python(pack("r" * 64, subject))
    assert unpack(cursor, str, 2) == ("r" * 64, subject)


def test_nesting_without_end_is_refused() -> None:
    """Brackets up to the length that a cursor may have show a fault."""
    with pytest.raises(InputInvalid):
        unpack("W1tb" * 100_000, int, 1)
