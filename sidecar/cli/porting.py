"""`sidecar users import` and `export`: people move in and out with what they have set up."""

import asyncio
import gc
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO, Final, TextIO

import typer
from pydantic import ValidationError

from sidecar.api.porting import MAX_PEOPLE, Recipient
from sidecar.cli.batches import Batch, batches, entry_of
from sidecar.cli.desk import command
from sidecar.cli.files import private_file
from sidecar.cli.progress import Progress, progress
from sidecar.cli.showing import Told, visible
from sidecar.client import ClientError
from sidecar.client.operations import Operations
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.transfer.forms import Form, Keys, rows

STANDARD: Final = Path("-")
MOST_LINES: Final = 100
"""Refused rows that are told one by one; a file of somebody else would fill the screen."""
INTERRUPTED: Final = 130
"""As shells tell of SIGINT."""

Key = Annotated[
    Path | None, typer.Option("--private-key", help="Of a sealed file: the key that opens it.")
]
Shared = Annotated[
    Path | None, typer.Option("--shared-key", help="Of PSKC: a file with the agreed key, in hex.")
]
Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Of PSKC: what its key is derived from.")
]


def mount(app: typer.Typer) -> None:
    """The group has the commands."""
    command(app, "import")(take)
    command(app, "export", plain=True)(give)


@dataclass(slots=True)
class Tally:
    """How many rows came to what; refused ones are told, and kept for a file."""

    bar: Progress
    rejects: TextIO | None = None
    count: dict[str, int] = field(
        default_factory=lambda: {"added": 0, "unchanged": 0, "refused": 0}
    )

    @property
    def rows(self) -> int:
        return sum(self.count.values())

    @property
    def text(self) -> str:
        counts = ", ".join(f"{number:,} {name}" for name, number in self.count.items())
        return f"{self.rows:,} rows: {counts}"

    def refuse(self, line: int, reason: str, user_id: str = "") -> None:
        """A row was refused."""
        self.count["refused"] += 1
        if self.rejects is not None:
            whose = {"user_id": user_id} if user_id else {}
            said = {"line": line, **whose, "reason": reason}
            self.rejects.write(json.dumps(said, ensure_ascii=False) + "\n")
        if self.count["refused"] <= MOST_LINES:
            self.bar.line(f"line {line}: {visible(user_id) + ': ' if user_id else ''}{reason}")
        elif self.count["refused"] == MOST_LINES + 1:
            self.bar.line("more rows are refused; --rejects FILE keeps them all")


async def take(
    sidecar: Operations,
    file: Annotated[Path, typer.Argument(help="The file; - is standard input.")],
    *,
    form: Annotated[Form, typer.Option("--format", help="How the file says what it says.")],
    realm: Annotated[str, typer.Option(help="The realm of everybody in the file.")] = "",
    private_key: Key = None,
    shared_key: Shared = None,
    passphrase_file: Passphrase = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused rows go, as JSON lines without secrets.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")
    ] = False,
) -> Told:
    """Take people in with what they have set up elsewhere.

    Run again, it goes on where it was interrupted: what is there is left as it is.
    """
    keys = _keys(private_key, shared_key, passphrase_file)
    with ExitStack() as opened:
        source = opened.enter_context(_source(file))
        kept = None if rejects is None else opened.enter_context(_kept(rejects))
        bar = opened.enter_context(progress(_size(source)))
        tally, found = Tally(bar, kept), rows(form, source, now=utc_now(), keys=keys)
        with _resumable(tally), _unsearched():
            for batch in batches(found):
                await _send(sidecar, batch, tally, form=form, realm=realm, dry=dry_run)
                bar.tell(_position(source), tally.text)
    would = ", if it were no dry run" if dry_run else ""
    return Told(tally.count, (f"{tally.text}{would}",), status=int(tally.count["refused"] > 0))


async def _send(
    sidecar: Operations, batch: Batch, tally: Tally, *, form: Form, realm: str, dry: bool
) -> None:
    for bad in batch.bad:
        tally.refuse(bad.line, bad.why)
    if not batch.rows:
        return
    entries = [entry_of(row, form, realm) for row in batch.rows]
    done = await sidecar.import_users(entries, dry_run=dry)
    tally.count["added"] += done.added
    tally.count["unchanged"] += done.unchanged
    for row, result in zip(batch.rows, done.results, strict=True):
        if result.status == "refused":
            tally.refuse(row.line, result.reason or "", row.portable.user_id)


@contextmanager
def _unsearched() -> Iterator[None]:
    """What is there already is not searched for garbage, which took a sixth of the time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _resumable(tally: Tally) -> Iterator[None]:
    """Whatever ends the run before its time, people are told how to go on."""
    try:
        yield
    except asyncio.CancelledError:
        typer.echo(f"interrupted after {tally.text}; the same command goes on", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (ClientError, StoreUnavailable):
        typer.echo(f"stopped after {tally.text}; the same command goes on", err=True)
        raise


# --- out ------------------------------------------------------------------------------------------


async def give(
    sidecar: Operations,
    *,
    recipient: Annotated[
        Path, typer.Option(help="The public key of whoever takes them in (keys recipient).")
    ],
    out: Annotated[Path, typer.Option(help="The file; - is standard output.")] = STANDARD,
) -> Told:
    """Write everybody who is enrolled to a file that only the recipient can open.

    Seeds of apps and public keys travel; backup codes and numbers stay.
    """
    key, count, left = _recipient(recipient), 0, 0
    cursor: str | None = None
    with ExitStack() as opened:
        target = sys.stdout if out == STANDARD else opened.enter_context(_kept(out))
        bar = opened.enter_context(progress(0))
        while True:
            page = await sidecar.export_users(key, limit=MAX_PEOPLE, cursor=cursor)
            target.writelines(f"{line}\n" for line in page.lines)
            count, left, cursor = count + len(page.lines), left + page.left, page.next
            bar.tell(0, f"{count:,} lines")
            if cursor is None:
                break
        target.flush()
    told = f"{count - 2:,} authenticators, sealed; {left:,} do not travel"  # two lines are not one
    return Told(None, (), told)


# --- files ----------------------------------------------------------------------------------------


@contextmanager
def _source(file: Path) -> Iterator[BinaryIO]:
    if file == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        source = file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error
    with source:
        yield source


@contextmanager
def _kept(path: Path) -> Iterator[TextIO]:
    try:
        target = private_file(path)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error
    with target:
        yield target


def _size(source: BinaryIO) -> int:
    """Return how many bytes there are; 0 where nobody knows."""
    try:
        found = os.fstat(source.fileno())
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _position(source: BinaryIO) -> int:
    return source.tell() if source.seekable() else 0


def _keys(private: Path | None, shared: Path | None, passphrase: Path | None) -> Keys:
    try:
        return Keys(
            _jwk(private) if private else None,
            bytes.fromhex(_text(shared)) if shared else b"",
            _text(passphrase).rstrip("\r\n") if passphrase else "",
        )
    except ValueError as error:
        raise typer.BadParameter("the shared key is no hex", param_hint="--shared-key") from error


def _recipient(path: Path) -> Recipient:
    try:
        return Recipient.model_validate(_jwk(path))
    except ValidationError as error:
        what = "it is no public key for files: make one where people are taken in (keys recipient)"
        raise typer.BadParameter(f"{path}: {what}", param_hint="--recipient") from error


def _jwk(path: Path) -> dict[str, object]:
    try:
        found = json.loads(_text(path))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{path}: it is no JSON Web Key")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path}: it cannot be read") from error
