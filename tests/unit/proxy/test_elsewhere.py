"""What other replicas tell; tests/attacks/test_shared_cookie_replicas.py goes further."""

from collections.abc import Callable
from typing import Any, cast

import pytest
import structlog

from sidecar.core.errors import MalformedRequest
from sidecar.core.handovers import HELD_FOR, Handover, spell
from sidecar.core.model import Person
from sidecar.lanes import Lanes
from sidecar.proxy.board import CELLS, Board
from sidecar.proxy.elsewhere import MOST_MARKS, Announcer, Elsewhere
from tests.clock import ManualClock
from tests.unit.proxy.requests import arrival

MARKS = frozenset({b"abcd", b"efgh"})
UNDER_WAY = Handover("h", MARKS)
OVER = Handover("h", MARKS, over=True)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def elsewhere(board: Board, clock: ManualClock) -> Elsewhere:
    return Elsewhere(board, clock)


def test_nothing_is_settled_until_it_is_over(board: Board, elsewhere: Elsewhere) -> None:
    """A sign-in elsewhere shows nothing kept under its marks until it is told to be over."""
    slots = board.slots(MARKS)
    before = board.doubts(slots)
    elsewhere.hear(spell("other", [UNDER_WAY]))
    assert board.unsettled(slots)
    assert board.doubts(slots) > before
    elsewhere.hear(spell("other", [UNDER_WAY]))
    elsewhere.hear(spell("other", [OVER]))
    assert not board.unsettled(slots)
    assert set(board.sign_ins(slots).values()) == {1}


def test_what_is_only_told_afterwards_is_asked_anew(board: Board, elsewhere: Elsewhere) -> None:
    """An end without a beginning shows a doubt and one sign-in, and nothing held."""
    slots = board.slots(MARKS)
    before = board.doubts(slots)
    elsewhere.hear(spell("other", [OVER]))
    assert board.doubts(slots) > before
    assert not board.unsettled(slots)
    assert set(board.sign_ins(slots).values()) == {1}


def test_what_began_here_is_known_here(board: Board, elsewhere: Elsewhere) -> None:
    """A row that workers of this board told shows nothing more."""
    before = board.doubts(board.slots(MARKS))
    elsewhere.hear(spell(board.id, [UNDER_WAY]))
    assert board.doubts(board.slots(MARKS)) == before
    assert not board.unsettled(board.slots(MARKS))


def test_a_replica_that_died_holds_nothing_for_ever(
    board: Board, elsewhere: Elsewhere, clock: ManualClock
) -> None:
    """A sign-in that is neither renewed nor ended shows that it is let go; a renewed one is not."""
    slots = board.slots(MARKS)
    elsewhere.hear(spell("other", [UNDER_WAY]))
    clock.now += HELD_FOR / 2
    elsewhere.hear(spell("other", [UNDER_WAY]))
    clock.now += HELD_FOR / 2
    elsewhere.sweep()
    assert board.unsettled(slots)
    clock.now += HELD_FOR / 2
    elsewhere.sweep()
    assert not board.unsettled(slots)
    elsewhere.hear(spell("other", [OVER]))
    assert not board.unsettled(slots)


def test_what_cannot_be_read_could_be_about_anybody(board: Board, elsewhere: Elsewhere) -> None:
    """A row of another version shows everything doubted, and a warning without it."""
    before = board.doubts(frozenset({7}))
    with structlog.testing.capture_logs() as logged:
        elsewhere.hear("secret")
    assert board.doubts(frozenset({7})) > before
    assert [line["event"] for line in logged] == ["handover.unreadable"]
    assert "secret" not in str(logged)


def test_where_everything_is_forgotten_nobody_is_known(board: Board, elsewhere: Elsewhere) -> None:
    """A feed that starts afresh shows everything doubted; one person's revocation does not."""
    one = frozenset({7})
    before = board.doubts(one)
    elsewhere.revoked(Person("app", "ada"), None)
    assert board.doubts(one) == before
    elsewhere.revoked(None, None)
    assert board.doubts(one) > before


def test_every_worker_hears_of_one_sign_in() -> None:
    """Three workers who hear of the same sign-in show one; the next shows two."""
    lanes, clock = Lanes(3, CELLS), ManualClock()
    boards = [Board(lanes) for _ in range(3)]
    for number, board in enumerate(boards):
        board.take(number)
        Elsewhere(board, clock).hear(spell("other", [OVER]))
    slots = boards[0].slots(MARKS)
    assert set(boards[0].sign_ins(slots).values()) == {1}
    boards[1].signed_in_elsewhere(slots)
    assert set(boards[0].sign_ins(slots).values()) == {2}


class Telling:
    """Stands for identifier and handovers at once, and keeps what was told."""

    def __init__(self, *marks: bytes) -> None:
        self.told: list[str] = []
        self._marks = frozenset(marks)

    def marks(self, _view: object, *, least: int) -> frozenset[bytes]:
        self.told.append(f"at least {least}")
        return self._marks

    async def begin(self, _marks: object) -> Callable[[], None]:
        self.told.append("begun")
        return lambda: self.told.append("over")

    def happened(self, _marks: object) -> None:
        self.told.append("happened")


@pytest.mark.parametrize(
    ("target", "unsafe", "told"),
    [
        ("/login", True, ["at least 1", "begun"]),
        ("/login?code=1", False, ["at least 10", "begun"]),
        ("/login", False, []),
    ],
)
async def test_what_may_sign_somebody_in_is_told(
    target: str, unsafe: bool, told: list[str]
) -> None:
    """Unsafe requests, and safe ones that carry something in their query, show others told."""
    telling: Any = Telling(b"abcd")
    asked = arrival("Cookie: app=1", target=target)
    over = await Announcer(telling, telling).announce(asked, asked.view("shop"), unsafe=unsafe)
    assert (telling.told, over is not None) == (told, bool(told))


async def test_no_request_is_told_of_at_length() -> None:
    """A sign-in that carries more cookies than a browser keeps shows refused, and nobody told."""
    marks = [number.to_bytes(4, "big") for number in range(MOST_MARKS + 1)]
    asked, telling, most = arrival(), Telling(*marks), Telling(*marks[1:])
    with pytest.raises(MalformedRequest):
        await Announcer(*cast("Any", (telling,) * 2)).announce(asked, asked.view("x"), unsafe=True)
    assert telling.told == ["at least 1"]
    await Announcer(*cast("Any", (most,) * 2)).announce(asked, asked.view("x"), unsafe=True)
    assert most.told[-1] == "begun"


async def test_nobodys_request_is_told_to_nobody() -> None:
    """A request without a credential shows nothing to tell, before or after."""
    telling: Any = Telling()
    asked = arrival()
    assert await Announcer(telling, telling).announce(asked, asked.view("x"), unsafe=True) is None
    Announcer(telling, telling).happened(asked.view("x"))
    assert telling.told == ["at least 1", "at least 10"]
    told: Any = Telling(b"abcd")
    Announcer(told, told).happened(asked.view("x"))
    assert told.told[-1] == "happened"
