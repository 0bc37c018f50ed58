"""What a command found, shown: as JSON, as tables on a terminal, as plain columns elsewhere."""

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TextIO

import typer
from pydantic_core import to_json

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_GAP: Final = "  "
_RULED: Final = 3
"""What a drawn column takes beside its cells."""
_READABLE: Final = 24
"""The least width that the widest column of a drawn table is folded to."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under names of columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def widths(self) -> list[int]:
        """The longest cell of each column, its name included."""
        return [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]

    def lines(self) -> Iterator[str]:
        """Yield the table as plain text, for whatever reads lines."""
        widths = self.widths
        for row in (self.columns, *self.rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield _GAP.join(cells).rstrip()


Part = str | Table


@dataclass(frozen=True, slots=True)
class Told:
    """What a command has to say."""

    data: object = field(repr=False)
    """For programs; models of the API are written as the API writes them."""
    parts: tuple[Part, ...] = field(repr=False)
    """For people."""
    aside: str = ""
    """For people, and not for whatever reads standard output."""
    status: int = 0
    """The exit status of the command."""


def table(columns: str, rows: Iterable[tuple[object, ...]]) -> Table:
    """Return a table; its columns are named by the words of one text."""
    made = tuple(tuple(visible(cell) for cell in row) for row in rows)
    return Table(tuple(columns.split()), made)


def visible(value: object) -> str:
    """Return a value as people read it, without what a terminal would obey."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%F %R}"
        case _:
            return "".join("\ufffd" if _unseen(sign) else sign for sign in str(value))


def show(told: Told, *, as_json: bool) -> None:
    """Standard output has what was told."""
    if as_json:
        typer.echo(to_json(told.data, indent=2).decode())
        return
    draw(told.parts, sys.stdout, terminal=sys.stdout.isatty())
    if told.aside:
        typer.echo(told.aside, err=True)


def draw(parts: Iterable[Part], out: TextIO, *, terminal: bool) -> None:
    """Write the parts; a terminal gets its tables drawn, whatever else plain columns."""
    for part in parts:
        if isinstance(part, str):
            typer.echo(part, file=out)
        elif terminal:
            _paint(part, out)
        else:
            for line in part.lines():
                typer.echo(line, file=out)


def _paint(part: Table, out: TextIO) -> None:
    from rich import box, console, table, text  # drawn for people, loaded by nobody else

    screen = console.Console(file=out, force_terminal=True, highlight=False)
    widths, widest = part.widths, max(part.widths)
    whole = sum(widths) + _RULED * len(widths)
    if part.rows and whole - widest + min(widest, _READABLE) > screen.width:
        return _undrawn(part, out, screen.width)
    painted = table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, width in zip(part.columns, widths, strict=True):
        # Only the widest column is folded, and never an id: people copy those from here.
        whole = column == "ID" or width < widest
        painted.add_column(column, overflow="fold", min_width=width if whole else None)
    for row in part.rows:
        painted.add_row(*map(text.Text, row))  # no markup: a name is a name
    return screen.print(painted)


def _undrawn(part: Table, out: TextIO, width: int) -> None:
    """Write plain columns where they fit, for they are narrower than drawn ones; else cells."""
    lines = tuple(part.lines())
    if max(map(len, lines)) > width:
        return _stack(part, out)
    for line in lines:
        typer.echo(line, file=out)
    return None


def _stack(part: Table, out: TextIO) -> None:
    """Write a row below the other, a cell a line: where columns would be cut off."""
    names = max(map(len, part.columns))
    for row in part.rows:
        for column, cell in zip(part.columns, row, strict=True):
            typer.echo(f"{column.ljust(names)}{_GAP}{cell}", file=out)
        typer.echo(file=out)


def _unseen(sign: str) -> bool:
    return unicodedata.category(sign) in _UNSEEN
