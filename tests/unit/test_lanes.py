"""Rows of counters that processes share."""

import os

import pytest

from sidecar.lanes import Lanes


@pytest.mark.parametrize("count", [1, 3])
def test_each_row_is_its_own(count: int) -> None:
    """A number written in one row shows in no other one, up to what 64 bits hold."""
    lanes = Lanes(count, 5)
    lanes.rows[-1][0] = 2**64 - 1
    lanes.rows[-1][4] = 7
    assert [list(row) for row in lanes.rows[:-1]] == [[0] * 5] * (count - 1)
    assert list(lanes.rows[-1]) == [2**64 - 1, 0, 0, 0, 7]


def test_what_a_forked_process_counts_is_seen() -> None:
    """A child that counts in its row shows its number to the parent, and lasts beyond its end."""
    lanes = Lanes(2, 3)
    child = os.fork()
    if child == 0:
        lanes.rows[1][2] += 41
        os._exit(0)
    os.waitpid(child, 0)
    lanes.rows[0][2] += 1
    assert [row[2] for row in lanes.rows] == [1, 41]
