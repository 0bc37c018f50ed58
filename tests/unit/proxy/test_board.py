import os

from sidecar.lanes import Lanes
from sidecar.proxy.board import CELLS, SLOTS, Board

ONE, OTHER = frozenset({1}), frozenset({2})


def test_each_happening_is_another_number() -> None:
    """Changes and doubts of one slot: shows that they are seen there and nowhere else."""
    board = Board()
    before = (board.changes(ONE), board.doubts(ONE), board.changes(OTHER))
    board.change(ONE)
    assert (board.changes(ONE), board.doubts(ONE)) == (before[0] + 1, before[1])
    board.doubt(ONE)
    assert board.doubts(ONE) == before[1] + 1
    assert board.changes(OTHER) == before[2]


def test_open_until_every_one_is_closed() -> None:
    """Two things under way: shows that the first end does not settle it."""
    board = Board()
    board.open(ONE)
    board.open(ONE | OTHER)
    board.close(ONE)
    assert board.unsettled(ONE)
    board.close(ONE | OTHER)
    assert not board.unsettled(ONE | OTHER)


def test_sign_ins_are_counted_by_slot() -> None:
    """One sign-in under two marks: shows that it counts once in each, not twice."""
    board = Board()
    before = board.sign_ins(ONE | OTHER)
    board.sign_in(ONE | OTHER)
    assert board.sign_ins(ONE | OTHER) == {slot: was + 1 for slot, was in before.items()}


def test_a_forked_worker_is_heard() -> None:
    """A child process that changes a slot: shows that its parent sees it."""
    board = Board.shared(2)
    before = board.changes(ONE)
    child = os.fork()
    if child == 0:
        board.take(1)
        os._exit(0)
    os.waitpid(child, 0)
    assert board.changes(ONE) > before


def test_a_successor_clears_what_the_dead_left_open() -> None:
    """A lane taken anew: shows that nothing stays open, and that nothing known before counts."""
    lanes = Lanes(2, CELLS)
    mine, theirs = Board(lanes), Board(lanes)
    theirs.take(1)
    theirs.open(ONE)
    before = mine.changes(ONE)
    assert mine.unsettled(ONE)
    theirs.take(1)
    assert not mine.unsettled(ONE)
    assert mine.changes(ONE) > before


def test_marks_are_spread() -> None:
    """Random marks: shows that each has a slot, and that few share one."""
    board = Board()
    slots = board.slots(os.urandom(16) for _ in range(100))
    assert len(slots) > 90
    assert max(slots) < SLOTS
