"""Lines, whoever wrote them."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.seeds import Portable
from sidecar.transfer.reading import MAX_LINE_BYTES, Line, lines, rows_of
from sidecar.transfer.rows import BadRow, Row, Unfit
from tests.unit.transfer.files import SEED


def read(data: bytes) -> list[Line | BadRow]:
    return list(lines(BytesIO(data)))


@pytest.mark.parametrize(
    "data",
    [
        b"a\n\nb\n",
        b"a\r\n\r\nb\r\n",
        b"\xef\xbb\xbfa\n \t\nb",
        b"  a\t \n\x0b\n\tb  ",
    ],
)
def test_lines_are_counted_as_an_editor_does(data: bytes) -> None:
    """Marks, ends and spaces of every system show the same two lines at their numbers."""
    assert read(data) == [Line(1, "a"), Line(3, "b")]


def test_what_editors_do_not_break_stays_a_line() -> None:
    """Characters that only Unicode counts as line ends show one line."""
    assert read("a\u2028b\x85c\x1cd\n".encode()) == [Line(1, "a\u2028b\x85c\x1cd")]


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf16_is_told_once(mark: str) -> None:
    """A file as Windows' shell writes it shows one sentence, and not one for each line."""
    data = "\ufeffa\nb\n".encode(mark)
    assert read(data) == [BadRow(1, "the file is UTF-16: save it as UTF-8")]


def test_other_encodings_cost_their_line_only() -> None:
    """A line that is no UTF-8 shows as bad between those that are."""
    assert read(b"a\nM\xfcller\nb") == [
        Line(1, "a"),
        BadRow(2, "the line is no UTF-8: save the file as UTF-8"),
        Line(3, "b"),
    ]


@pytest.mark.parametrize("over", [1, 2, MAX_LINE_BYTES, MAX_LINE_BYTES * 2 + 7])
def test_a_line_without_end_is_passed_over(over: int) -> None:
    """Lines that are too long, by however much, show one fault each and leave the count right."""
    long = b"x" * (MAX_LINE_BYTES + over)
    found = read(long + b"\na\n" + long)
    assert [getattr(item, "line", getattr(item, "number", 0)) for item in found] == [1, 2, 3]
    assert found[1] == Line(2, "a")
    assert read(b"x" * MAX_LINE_BYTES + b"\n") == [Line(1, "x" * MAX_LINE_BYTES)]


class Endless(BytesIO):
    """A file that never ends a line; remembers how much was asked for at once."""

    most = 0
    left = 100

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        self.most = max(self.most, size)
        self.left -= 1
        return b"x" * size if self.left > 0 else b""


def test_no_more_than_a_line_is_in_memory() -> None:
    """A file that is one line shows that it is taken in pieces."""
    file = Endless()
    assert len(list(lines(file))) == 1
    assert file.most <= MAX_LINE_BYTES + 1


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_or_faults(data: bytes) -> None:
    """Whatever a file holds shows as lines in order, each no later than there are line ends."""
    numbers = [item.line if isinstance(item, BadRow) else item.number for item in read(data)]
    assert numbers == sorted(set(numbers))
    assert not numbers or numbers[-1] <= data.count(b"\n") + 1


def test_a_line_may_give_several_or_none() -> None:
    """What a reader yields and raises shows as rows under the number of the line."""
    ada = Portable("ada", "", "", SEED)

    def each(text: str) -> Iterator[Portable | Unfit]:
        if text == "two":
            yield ada
            yield Unfit("half")
        if text == "bad":
            raise Unfit("whole")

    assert list(rows_of(BytesIO(b"none\ntwo\n\nbad\n\xff"), each)) == [
        Row(2, ada),
        BadRow(2, "half"),
        BadRow(4, "whole"),
        BadRow(5, "the line is no UTF-8: save the file as UTF-8"),
    ]
    assert "secret" not in repr(Line(1, "secret"))
