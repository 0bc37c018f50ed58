"""`sidecar serve`: stand in front of the applications until told to stop."""

import asyncio
import signal

import structlog
import typer
import uvloop

from sidecar import __version__, logs
from sidecar.app import running
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, Format, load, refused, tell
from sidecar.cli.main import EXIT_CONFIG
from sidecar.core.errors import StoreUnavailable
from sidecar.settings.load import Loaded
from sidecar.storage.faults import StoreUnproven

DRAIN_S = 30.0
"""How long requests that were begun may take to finish after a stop was asked for."""

app = typer.Typer()
log = structlog.get_logger(__name__)


@app.command("serve")
def serve(config: ConfigOption = DEFAULT_PATH) -> None:
    """Stand in front of the applications until SIGTERM or Ctrl-C."""
    loaded = load(config)
    tell(loaded.warnings, Format.TEXT)
    logs.configure(loaded.settings.logging)
    if loaded.settings.sentry is not None:
        logs.report_to_sentry(loaded.settings.sentry, __version__)
    try:
        uvloop.run(_serve(loaded))
    except (StoreUnproven, StoreUnavailable) as fault:
        raise refused(fault) from fault
    except OSError as error:
        typer.echo(f"listen: {error}", err=True)
        raise typer.Exit(EXIT_CONFIG) from error


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
