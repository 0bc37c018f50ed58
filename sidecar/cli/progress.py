"""How far a long command has come: a bar on a terminal, a line a second elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol, TextIO

import typer

EVERY_S: Final = 1.0
"""How often whoever reads plain lines is told."""

Seconds = Callable[[], float]


class Progress(Protocol):
    """Tells people on standard error; standard output is for results."""

    def tell(self, done: int, text: str) -> None:
        """So much of the whole is done, of which the text says more."""
        ...

    def line(self, text: str) -> None:
        """Whatever happens, this line can be read afterwards."""
        ...


class PlainProgress:
    """A line now and then."""

    def __init__(self, total: int, out: TextIO, clock: Seconds = time.monotonic) -> None:
        self._total = total
        self._out = out
        self._clock = clock
        self._next = clock() + EVERY_S

    def tell(self, done: int, text: str) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + EVERY_S
        share = f" ({100 * min(done, self._total) // self._total} %)" if self._total else ""
        self.line(f"{text}{share}")

    def line(self, text: str) -> None:
        typer.echo(text, file=self._out)


@contextmanager
def progress(total: int) -> Iterator[Progress]:
    """Offer what tells of progress; `total` is the whole, and 0 where nobody knows it."""
    if not sys.stderr.isatty():
        yield PlainProgress(total, sys.stderr)
        return
    with drawn(total, sys.stderr) as bar:
        yield bar


@contextmanager
def drawn(total: int, out: TextIO) -> Iterator[Progress]:
    """Offer a bar, which is gone afterwards."""
    from rich import console, text  # drawn for people, loaded by nobody else
    from rich import progress as bars

    terminal = console.Console(file=out, force_terminal=True, highlight=False)
    columns = (bars.BarColumn(), bars.TaskProgressColumn(), bars.TimeRemainingColumn())
    said = bars.TextColumn("{task.description}", markup=False)
    with bars.Progress(*columns, said, console=terminal, transient=True) as bar:
        task = bar.add_task("", total=total or None)

        class Drawn:
            def tell(self, done: int, said: str) -> None:
                bar.update(task, completed=done, description=said)

            def line(self, line: str) -> None:
                bar.console.print(text.Text(line), soft_wrap=True)

        yield Drawn()
