"""Masked addresses: enough for their owner, too little for anybody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.masking import masked


@pytest.mark.conforms("ASVS-14.2.6")
@pytest.mark.parametrize(
    ("channel", "to", "shown"),
    [
        ("sms", "+4915112345642", "+49 ••• ••42"),
        ("sms", "+12125550142", "+1 ••• ••42"),
        ("sms", "+79161234542", "+7 ••• ••42"),
        ("sms", "+35812345642", "+358 ••• ••42"),
        ("email", "ada.lovelace@example.com", "a•••@example.com"),
        ("email", "a@example.com", "a•••@example.com"),
        ("pager", "4711", "•••11"),
        ("sms", "+", "•••+"),
    ],
)
def test_masked(channel: str, to: str, shown: str) -> None:
    """Each address shows where it is and how it begins or ends, and nothing between."""
    assert masked(channel, to) == shown


@pytest.mark.conforms("ASVS-14.2.6")
@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
def test_most_digits_of_a_number_stay_hidden(number: str) -> None:
    """Any number shows that at most five of its digits are told."""
    assert sum(char.isdigit() for char in masked("sms", number)) <= 5
