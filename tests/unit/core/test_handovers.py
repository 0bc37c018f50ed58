"""What replicas tell each other of credentials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.handovers import MARK_BYTES, Handover, Unreadable, read, spell

MARKS = st.frozensets(st.binary(min_size=MARK_BYTES, max_size=MARK_BYTES), max_size=9)
HANDOVERS = st.builds(Handover, st.text(max_size=9), MARKS, st.booleans())


@given(st.text(max_size=9), st.lists(HANDOVERS, max_size=5))
def test_what_is_told_is_read(by: str, told: list[Handover]) -> None:
    """Any handovers show the same to whoever reads the row."""
    assert read(spell(by, told)) == (by, tuple(told))


def test_no_more_of_a_mark_is_told_than_finds_its_slot() -> None:
    """A whole mark shows four bytes of it in the row, and nothing else of the credential."""
    mark = bytes(range(16))
    text = spell("me", [Handover("h", frozenset({mark}))])
    assert mark[:MARK_BYTES].hex() in text
    assert mark[: MARK_BYTES + 1].hex() not in text
    assert "\\x" not in repr(Handover("h", frozenset({mark})))


NO_HANDOVERS = ('["h",false]', '["h",false,"abc"]', '["h",0,1]', '["h",true,"abcdef"]')


@pytest.mark.parametrize("text", ["", "{}", "[1]", *(f'["me",[{one}]]' for one in NO_HANDOVERS)])
def test_what_nobody_wrote_is_unreadable(text: str) -> None:
    """Texts of another shape show that they are no row of ours."""
    with pytest.raises(Unreadable):
        read(text)
