"""A file of lines, read one at a time, whatever editor or system wrote it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from sidecar.core.seeds import Portable
from sidecar.transfer.rows import BadRow, Read, Row, Unfit

MAX_LINE_BYTES: Final = 64 * 1024

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that has something in it, without the spaces around."""

    number: int
    text: str = field(repr=False)


def rows_of(file: BinaryIO, read: Callable[[str], Iterable[Portable | Unfit]]) -> Iterator[Read]:
    """Yield what comes of each line; `read` raises, or yields, `Unfit` for what gives nothing."""
    for line in lines(file):
        if isinstance(line, BadRow):
            yield line
            continue
        try:
            for found in read(line.text):
                yield _row(line.number, found)
        except Unfit as unfit:
            yield BadRow(line.number, str(unfit))


def lines(file: BinaryIO) -> Iterator[Line | BadRow]:
    """Yield the lines that are not empty; no more than one is in memory, whatever the file."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1:
            if raw.startswith(_UTF16_MARKS):
                yield BadRow(1, "the file is UTF-16: save it as UTF-8")
                return
            raw = raw.removeprefix(_UTF8_MARK)
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            _skip(file)
            yield BadRow(number, f"the line is longer than {MAX_LINE_BYTES} bytes")
            continue
        yield from _line(number, raw)


def _line(number: int, raw: bytes) -> Iterator[Line | BadRow]:
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        yield BadRow(number, "the line is no UTF-8: save the file as UTF-8")
        return
    if text:
        yield Line(number, text)


def _skip(file: BinaryIO) -> None:
    """The rest of the line is read and forgotten."""
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _row(number: int, found: Portable | Unfit) -> Read:
    return BadRow(number, str(found)) if isinstance(found, Unfit) else Row(number, found)
