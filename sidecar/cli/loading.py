"""Reading sidecar.yaml for a command: its faults are told, and the exit status is 78."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sidecar.cli.main import EXIT_CONFIG
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.settings.faults import ConfigError, Fault
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.faults import StoreUnproven

DEFAULT_PATH = Path("sidecar.yaml")

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="SIDECAR_CONFIG", help="The configuration file."),
]


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


def load(path: Path, form: Format = Format.TEXT, *, secrets: bool = True) -> Loaded:
    """Return the configuration; with faults they are printed instead and the command ends.

    Raises:
        typer.Exit: with status 78; or 1, where a key's place only does not answer now.

    """
    try:
        return load_settings(path, os.environ, utc_now(), secrets=secrets)
    except ConfigError as error:
        tell(error.faults, form)
        raise typer.Exit(1 if error.passing else EXIT_CONFIG) from None


def refused(fault: StoreUnproven | StoreUnavailable) -> typer.Exit:
    """Return the end of a command whose store cannot be used; what is wrong has been printed."""
    typer.echo(f"storage.database: {fault}", err=True)
    if isinstance(fault, StoreUnavailable):
        return typer.Exit(1)  # its server may answer in a moment
    if fault.hint:
        typer.echo(f"  try: {fault.hint}", err=True)
    return typer.Exit(EXIT_CONFIG)


def tell(faults: Iterable[Fault], form: Format) -> None:
    """Print faults: for people on standard error, for programs as one JSON list."""
    if form is Format.JSON:
        typer.echo(json.dumps([asdict(fault) for fault in faults], indent=2))
        return
    for fault in faults:
        typer.echo(str(fault), err=True)
