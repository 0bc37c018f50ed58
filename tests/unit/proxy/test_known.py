"""Twin of sidecar/proxy/known.py; tests/attacks/test_shared_cookie.py shows what it is for."""

from datetime import timedelta

from sidecar.core.model import Identity, Person
from sidecar.core.protocols import Carriers, RequestView
from sidecar.lanes import Lanes
from sidecar.proxy.board import CELLS, Board
from sidecar.proxy.known import SHORT, Answer, Known, Marker
from tests.clock import ManualClock
from tests.unit.proxy.requests import raw

ADA = Person("app", "ada")
PERSON = b"ada"


def view(*fields: str, query: str = "") -> RequestView:
    return RequestView("GET", "/", query, "app.test", "https", raw(*fields), "", "")


def told(known: Known, clock: ManualClock, *marks: bytes, key: str = "k") -> Answer:
    """An answer that names ada has come."""
    answer = known.expect(frozenset(marks))
    answer.identity, answer.until = Identity(ADA, "app"), clock() + timedelta(seconds=30)
    known.keep(key, answer, PERSON)
    return answer


def test_kept_for_its_time() -> None:
    """An answer shows for as long as it may be kept, and not a moment longer."""
    clock = ManualClock()
    known = Known(clock, Board())
    answer = told(known, clock, b"a")
    assert (known.get("k"), known.get("other")) == (answer, None)
    clock.travel(seconds=30)
    assert known.get("k") is None


def test_forgotten_by_any_mark() -> None:
    """One mark in common, or the person, shows that an answer is asked anew."""
    clock = ManualClock()
    for marks in ((b"a",), (b"b", b"z"), (PERSON,)):
        known = Known(clock, Board())
        answer = told(known, clock, b"a", b"b")
        known.forget([b"c"])
        assert known.get("k") is answer
        known.forget(marks)
        assert (known.get("k"), answer.doubtful) == (None, False)


def test_forgotten_under_way() -> None:
    """A question that was under way when something happened shows that its answer is not kept."""
    clock = ManualClock()
    known = Known(clock, Board())
    answer = known.expect(frozenset({b"a"}))
    known.forget([b"a"])
    answer.until = clock() + timedelta(seconds=30)
    known.keep("k", answer, PERSON)
    assert known.get("k") is None


def test_unsettled() -> None:
    """Between begin and end of a sign-in, and across both, no answer shows that it counts."""
    clock = ManualClock()
    known = Known(clock, Board())
    before, other = told(known, clock, b"a"), told(known, clock, b"x", key="x")
    first = known.unsettle(frozenset({b"a"}))
    second = known.unsettle(frozenset({b"a", b"b"}))
    assert (before.doubtful, known.get("k")) == (True, None)
    during = told(known, clock, b"a")
    assert (during.doubtful, known.get("k")) == (True, None)
    first()
    assert told(known, clock, b"a").doubtful
    second()
    after = told(known, clock, b"a")
    assert (after.doubtful, known.get("k")) == (False, after)
    assert (other.doubtful, known.get("x")) == (False, other)


def test_hands() -> None:
    """Sign-ins since a question, one under way at it included: shows how often it moved."""
    clock = ManualClock()
    known = Known(clock, Board())
    answer = told(known, clock, b"a", b"b")
    known.signed_in(frozenset({b"x"}))
    assert answer.hands == 0
    known.signed_in(frozenset({b"a", b"b"}))
    assert answer.hands == 1
    known.unsettle(frozenset({b"a"}))
    during = known.expect(frozenset({b"a"}))
    known.signed_in(frozenset({b"a"}))
    assert (answer.hands, during.hands) == (2, 2)


def test_memory_is_bounded() -> None:
    """Nobodies and answers that are over show that nothing of them is held."""
    clock = ManualClock()
    known = Known(clock, Board())
    for number in range(100):
        known.expect(frozenset({b"%d" % number, b"shared"}))
    assert not known._kept
    told(known, clock, b"a")
    clock.travel(seconds=31)
    known.sweep()
    assert not known._kept


def test_workers_hear_of_each_other() -> None:
    """What one worker forgets or sees begin shows that no other one answers from memory."""
    clock, lanes = ManualClock(), Lanes(2, CELLS)
    boards = [Board(lanes), Board(lanes)]
    for lane, board in enumerate(boards):
        board.take(lane)
    here, there = (Known(clock, board) for board in boards)
    answer = told(there, clock, b"a")
    here.forget([b"a"])
    assert (there.get("k"), answer.doubtful) == (None, False)
    answer = told(there, clock, b"a")
    settle = here.unsettle(frozenset({b"a"}))
    assert (there.get("k"), answer.doubtful) == (None, True)
    assert told(there, clock, b"a").doubtful
    settle()
    assert there.get("k") is None
    assert told(there, clock, b"a") is there.get("k")


def test_marks() -> None:
    """Every value by which an application could know somebody shows its own mark."""
    marker = Marker(Board().key)
    carriers = Carriers(headers=frozenset({"x-key"}), queries=frozenset({"key"}), any_cookie=True)
    fields = ("Cookie: app=abcdefghijkl; en=1", "X-Key: mnopqrstuvwx", "X-Other: 1")
    made = view(*fields, query="key=yzabcdefghij&other=1")
    assert len(marker.marks(made, carriers)) == 4
    assert len(marker.marks(made, carriers, least=SHORT)) == 3
    assert len(marker.marks(made, Carriers())) == 0
    assert len(marker.marks(view(query="key=1&key=2"), carriers)) == 0
    assert len(marker.marks(view("Cookie: --=--; ; nameless"), carriers)) == 3


def test_marks_are_secret() -> None:
    """Two processes show different marks for one value, and one process always the same."""
    one, two = Marker(Board().key), Marker(Board().key)
    carriers, made = Carriers(any_cookie=True), view("Cookie: app=abc")
    assert one.marks(made, carriers) == one.marks(made, carriers)
    assert one.marks(made, carriers).isdisjoint(two.marks(made, carriers))
    assert one.person(ADA) != one.person(Person("ap", "pada"))
    assert "abc" not in repr(Known(ManualClock(), Board()).expect(one.marks(made, carriers)))


def test_nothing_counts_that_others_could_have_changed_unheard() -> None:
    """A board of many replicas that hears nothing shows no answer that counts, and each in doubt;
    once it hears again, what nothing happened to counts again.
    """
    clock, board, hears = ManualClock(), Board(), [True]
    board.spread(bytes(32), lambda: hears[-1])
    known = Known(clock, board)
    answer = told(known, clock, b"a")
    assert known.get("k") is answer
    assert not answer.doubtful
    hears.append(False)
    assert known.get("k") is None
    assert answer.doubtful
    hears.append(True)
    assert known.get("k") is answer
    assert not answer.doubtful
    board.doubt(board.slots([b"a"]))
    assert known.get("k") is None
    assert answer.doubtful
