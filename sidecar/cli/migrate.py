"""`sidecar migrate`: create the database, move its schema up and down."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated

import typer

from sidecar.cli.asking import require_yes
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load, refused
from sidecar.cli.main import EXIT_CONFIG
from sidecar.clock import utc_now
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.revisions import REVISIONS
from sidecar.storage.setup import Status, migrate_down, migrate_up, status
from sidecar.wiring import key_ring

BASE = "base"
"""Alembic's word for the state before the first revision."""

app = typer.Typer(
    name="migrate", help="Create the database, move its schema up and down.", no_args_is_help=True
)


@app.callback()
def migrate() -> None:
    """Create the database, move its schema up and down."""


@app.command("up")
def up(
    *,
    config: ConfigOption = DEFAULT_PATH,
    create: Annotated[
        bool, typer.Option("--create", help="Make the database first where there is none.")
    ] = False,
) -> None:
    """Move the schema to the newest revision; data stay."""
    loaded = load(config)
    database = loaded.settings.storage.database
    _tell(_run(migrate_up(database, key_ring(loaded), utc_now, create=create)))


@app.command("down")
def down(
    *,
    config: ConfigOption = DEFAULT_PATH,
    to: Annotated[
        str, typer.Option("--to", help="A revision, -1 for one step, base for nothing at all.")
    ] = "-1",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Move the schema back; what only the newer one can hold is lost."""
    loaded = load(config)
    database = loaded.settings.storage.database
    empties, at = to == BASE, _run(status(database))
    if not empties and at.revision == REVISIONS[0]:
        # One step below the first revision is an empty store: everybody's factors at once.
        typer.echo(f"There is no revision below the first one; --to {BASE} empties the store.")
        raise typer.Exit(1)
    if not yes:
        lost = "EVERYTHING in it is lost" if empties else "what only the newer one holds is lost"
        require_yes(f"Move the schema of {at.place} down to {to}? {lost}")
    _tell(_run(migrate_down(database, key_ring(loaded), to)))


@app.command("status")
def show(*, config: ConfigOption = DEFAULT_PATH) -> None:
    """Print the schema's revision; exit status 78 where this version cannot work with it."""
    found = _run(status(load(config).settings.storage.database))
    _tell(found)
    if not found.current:
        raise typer.Exit(EXIT_CONFIG)


def _run(work: Coroutine[None, None, Status]) -> Status:
    try:
        return asyncio.run(work)
    except StoreUnproven as fault:
        raise refused(fault) from fault


def _tell(found: Status) -> None:
    if found.schema.newer:
        at = f"newer than this version's {REVISIONS[-1]}, which can work with it"
    else:
        at = "this version's" if found.current else f"this version needs {REVISIONS[-1]}"
    create = "" if found.revision else ": sidecar migrate up --create"
    typer.echo(f"{found.place}: revision {found.revision or 'none'} ({at}{create})")
