"""`sidecar db`: look into the store, back it up, and say that it was restored."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from sidecar.cli.asking import require_yes
from sidecar.cli.desk import Json, Yes, operator_name
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load, refused
from sidecar.cli.opening import with_store
from sidecar.cli.showing import Told, show, table, visible
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.restoring import restored
from sidecar.storage.backup import back_up, dump_command, is_file
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.inspection.finding import Finding
from sidecar.storage.inspection.inspect import Looked, inspect
from sidecar.storage.sql import SqlStore
from sidecar.wiring import key_ring

T = TypeVar("T")

app = typer.Typer(
    name="db",
    help="Look into the store, back it up, say that it was restored.",
    no_args_is_help=True,
)


@app.callback()
def db() -> None:
    """Look into the store, back it up, say that it was restored."""


# --- check ----------------------------------------------------------------------------------------


@app.command("check")
def check(*, config: ConfigOption = DEFAULT_PATH, as_json: Json = False) -> None:
    """Tell what is wrong inside the store, what it means and what to do.

    It only reads, beside a sidecar that serves.

    Exit status 1 where something is wrong, 78 where the store does not prove itself.
    """
    loaded, looked, begun = load(config), Looked(), time.monotonic()

    async def look(store: SqlStore) -> list[Finding]:
        return [finding async for finding in inspect(store, looked)]

    found = with_store(loaded, look)
    took = f"{time.monotonic() - begun:.1f} s"
    counts = f"{looked.rows:,} sealed rows and {looked.events:,} audit events in {took}"
    verdict = f"{len(found)} findings" if found else "nothing is wrong"
    data = {
        "sound": not found,
        "rows": looked.rows,
        "audit_events": looked.events,
        "findings": [_data(finding) for finding in found],
    }
    lines = [line for finding in found for line in _lines(finding)]
    show(Told(data, (*lines, f"{verdict}: {counts}")), as_json=as_json)
    if found:
        raise typer.Exit(1)


def _data(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind.value,
        "where": finding.where,
        "number": finding.number,
        "rows": list(finding.rows),
        "said": finding.said,
        "means": finding.advice.means,
        "do": finding.advice.do,
    }


def _lines(finding: Finding) -> Iterator[str]:
    said = f": {visible(finding.said)}" if finding.said else ""
    yield f"{finding.kind.value}: {visible(finding.where)} ({finding.number:,}){said}"
    if finding.rows:
        more = ", …" if finding.number > len(finding.rows) else ""
        yield f"  rows: {', '.join(map(visible, finding.rows))}{more}"
    yield f"  means: {finding.advice.means}"
    yield f"  do: {finding.advice.do}"


# --- backup ---------------------------------------------------------------------------------------


@app.command("backup")
def backup(
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where it goes; there must be no such file yet.")
    ],
    *,
    config: ConfigOption = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Copy a SQLite store while it is used; the copy is opened with the keys before it is named.

    The keys are not in it: keep them elsewhere, for one is worth nothing without the other.
    """
    loaded = load(config)
    url = loaded.settings.storage.database
    if not is_file(url):
        typer.echo("A PostgreSQL server makes backups itself, of one moment and while it is used:")
        typer.echo(f"  {dump_command(url, target)}")
        raise typer.Exit(1)
    try:
        size = asyncio.run(back_up(url, key_ring(loaded), utc_now, target))
    except (StoreUnproven, StoreUnavailable) as fault:
        raise refused(fault) from fault
    except OSError as error:
        typer.echo(f"{visible(error.filename or target)}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    line = f"{visible(target)}: {size:,} bytes, opened with the keys, and sound"
    show(Told({"file": str(target), "bytes": size}, (line,)), as_json=as_json)


# --- restored -------------------------------------------------------------------------------------

WHAT_CANNOT_BE_KNOWN = (
    "What happened after the backup is not in it, and cannot be known:",
    "- codes used since are unused again: a backup code until it is used, a code of an app for as",
    "  long as it counts, a few minutes: start the sidecars after that;",
    "- what people removed or suspended since is back, what they set up since is gone: whoever set",
    "  up a first factor since needs an invitation;",
    "- wrong tries since are not counted.",
)
"""What is told after all that can be done was done."""


@app.command("restored")
def declare(
    *,
    revoke_tokens: Annotated[
        bool, typer.Option("--revoke-tokens", help="API tokens open nothing any more either.")
    ] = False,
    yes: Yes = False,
    config: ConfigOption = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Say that the store was restored from a backup, before a sidecar serves on it again.

    Everybody is signed out; what was open when the backup was made is void.
    """
    loaded = load(config)
    if not yes:
        place = loaded.settings.storage.database.rpartition("@")[2]
        require_yes(f"Sign everybody out, and void what is open in {place}?")
    by = f"operator:{operator_name()}"
    done = with_store(loaded, lambda store: _declared(store, by, tokens=revoke_tokens))
    void = ((name.replace("_", " "), count) for name, count in done.void.items())
    rows = table("WHAT VOID", void)
    data = {"void": done.void, "live_tokens": done.live}
    show(Told(data, (rows, *WHAT_CANNOT_BE_KNOWN, *_tokens(done))), as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Done:
    void: dict[str, int]
    """What came to its end, by what it was."""
    live: list[str]
    """Ids and names of API tokens that open something."""


async def _declared(store: SqlStore, by: str, *, tokens: bool) -> _Done:
    void = await restored(store, utc_now, by, tokens=tokens)
    now = utc_now()
    async with store.read() as tx:
        found = await tx.tokens.all()
    live = [one for one in found if one.revoked_at is None and one.expires_at > now]
    return _Done(void, [f"{one.client.id} ({one.client.name})" for one in live])


def _tokens(done: _Done) -> Iterator[str]:
    if done.live:
        yield "- API tokens that you revoked since open again. Revoke what should not be here:"
        yield from (f"  {visible(one)}" for one in done.live)
