"""Twin of plugins/factors/webauthn/_base64url.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.factors.webauthn._base64url import decoded, encoded


@given(st.binary(max_size=64))
def test_what_is_written_is_read(data: bytes) -> None:
    """Any bytes show that they come back, from a text without padding or foreign characters."""
    assert decoded(encoded(data)) == data
    assert set(encoded(data)) <= set(encoded(bytes(range(256))) + "-_")


@given(st.text(max_size=12))
def test_bytes_have_one_spelling(text: str) -> None:
    """Any text shows that it is refused unless it is what its bytes are written as."""
    try:
        data = decoded(text)
    except ValueError:
        return
    assert encoded(data) == text


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q Q", "Q+/_", "Ä", "QQ\n", "A", "\ud800"])
def test_other_spellings_are_refused(text: str) -> None:
    """Padding, unused bits, foreign letters and lines show that they are no base64url."""
    with pytest.raises(ValueError, match=r"."):
        decoded(text)
