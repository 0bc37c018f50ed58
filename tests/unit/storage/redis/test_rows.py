"""Rows of sessions that say only that they are."""

from sidecar.core.model import SessionStatus
from sidecar.storage.redis.rows import columns_of, new_stamp
from tests.conformance.stores import proof, session


def test_a_row_says_nothing_of_what_was_proven() -> None:
    """The row of a proven session shows whose it is, and no proof, login or browser."""
    row = columns_of(session(proofs=(proof(),), status=SessionStatus.PROVEN), "a stamp")
    assert (row["subject"], row["stamp"], row["status"]) == ("ada", "a stamp", "proven")
    told = str(row)
    assert not [word for word in ("totp", "otp", "login-1", "Browser", "192.0.2") if word in told]


def test_no_stamp_is_given_twice() -> None:
    """A thousand stamps show that all differ."""
    assert len({new_stamp() for _ in range(1000)}) == 1000
