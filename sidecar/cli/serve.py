"""`sidecar serve`: stand in front of the applications until told to stop."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from sidecar import __version__, logs
from sidecar.app import running, utc_now
from sidecar.cli.main import EXIT_CONFIG
from sidecar.settings.faults import ConfigError
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.faults import StoreUnproven

DRAIN_S = 30.0
"""How long requests that were begun may take to finish after a stop was asked for."""

app = typer.Typer()
log = structlog.get_logger(__name__)


@app.command("serve")
def serve(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")] = Path(
        "sidecar.yaml"
    ),
) -> None:
    """Stand in front of the applications until SIGTERM or Ctrl-C."""
    loaded = load_or_exit(config)
    logs.configure(loaded.settings.logging)
    if loaded.settings.sentry is not None:
        logs.report_to_sentry(loaded.settings.sentry, __version__)
    try:
        uvloop.run(_serve(loaded))
    except StoreUnproven as unproven:
        typer.echo(f"{unproven}", err=True)
        raise typer.Exit(EXIT_CONFIG) from unproven


def load_or_exit(config: Path) -> Loaded:
    """Return the configuration, or tell every fault and exit with 78."""
    try:
        loaded = load_settings(config, os.environ, utc_now())
    except ConfigError as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        raise typer.Exit(EXIT_CONFIG) from error
    for warning in loaded.warnings:
        typer.echo(str(warning), err=True)
    return loaded


async def _serve(loaded: Loaded) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stop.set)
    async with running(loaded) as sidecar:
        log.info("sidecar.started", port=sidecar.listener.port, version=__version__)
        await stop.wait()
        log.info("sidecar.draining")
        await sidecar.drain(DRAIN_S)
    log.info("sidecar.stopped")
