"""`sidecar serve`: stand in front of the applications until told to stop."""

import asyncio
import gc
import multiprocessing
import signal
import socket
from collections.abc import Coroutine
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog
import typer
import uvloop

from sidecar import __version__, logs, wiring
from sidecar.app import running
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, Format, load, refused, tell
from sidecar.cli.main import EXIT_CONFIG
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.metrics.worker import Metrics
from sidecar.proxy.board import Board
from sidecar.settings.load import Loaded
from sidecar.settings.words import Address
from sidecar.storage.faults import StoreUnproven
from sidecar.web.brought import Unusable
from sidecar.workers import Care, supervise

CLOSING_S = 10.0
"""How long a worker may take to end after what was begun has finished, or was cut."""

app = typer.Typer()
log = structlog.get_logger(__name__)


COLLECTED_AFTER: Final = 50_000
"""Objects that may be made, more than are freed, before the collector looks at the young ones.

Requests under way are young objects of which none is garbage: with Python's own 700, the collector
runs several times in every turn of the loop once a few dozen are under way, to find nothing.
"""


@app.command("serve")
def serve(config: ConfigOption = DEFAULT_PATH) -> None:
    """Stand in front of the applications until SIGTERM or Ctrl-C."""
    gc.disable()  # until it serves: a start makes much and leaves hardly any garbage
    loaded = load(config)
    tell(loaded.warnings, Format.TEXT)
    logs.configure(loaded.settings.logging)
    board, metrics = _places(loaded)
    if loaded.settings.sentry is not None:
        logs.report_to_sentry(loaded.settings.sentry, __version__)
    _run(_serve(loaded, board, metrics))


def _run(work: Coroutine[object, object, None]) -> None:
    """The work is done, or what it lacked was told.

    Raises:
        typer.Exit: with status 78.

    """
    try:
        uvloop.run(work)
    except (StoreUnproven, StoreUnavailable) as fault:
        raise refused(fault) from fault
    except Unusable as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(EXIT_CONFIG) from fault
    except OSError as error:
        typer.echo(f"listen: {error}", err=True)
        raise typer.Exit(EXIT_CONFIG) from error


async def _serve(loaded: Loaded, board: Board, metrics: Metrics) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stop.set)
    shared = loaded.settings.workers > 1
    async with running(loaded, board=board, metrics=metrics, reuse_port=shared) as sidecar:
        _collect_rarely()
        log.info("sidecar.started", port=sidecar.listener.port, version=__version__)
        await stop.wait()
        log.info("sidecar.draining")
        await sidecar.drain(loaded.settings.drain.total_seconds())
    log.info("sidecar.stopped")


def _collect_rarely() -> None:
    """What is there by now stays, and is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)
    gc.enable()


# --- several workers ------------------------------------------------------------------------------


def _places(loaded: Loaded) -> tuple[Board, Metrics]:
    """Return, in each worker, its places on what all share; the supervisor never returns."""
    workers, ledger = loaded.settings.workers, wiring.ledger(loaded)
    if workers == 1:
        return Board(), Metrics(ledger, utc_now)
    _rehearse(loaded)
    board = Board.shared(workers)
    number = supervise(workers, care(loaded.settings.drain))
    structlog.contextvars.bind_contextvars(worker=number)
    board.take(number)
    return board, Metrics(ledger, utc_now, number)


def care(drain: timedelta) -> Care:
    """Return how workers are treated that may take so long to finish what was begun."""
    return Care(hopeless=EXIT_CONFIG, patience_s=drain.total_seconds() + CLOSING_S)


def _rehearse(loaded: Loaded) -> None:
    """A start works: tried once, where no worker inherits a connection, loop or thread of it.

    The addresses are not shared yet, so that another sidecar on one of them is found: workers
    would take turns with it.

    Raises:
        typer.Exit: it does not; what is wrong has been printed.

    """
    rehearsal = multiprocessing.get_context("fork").Process(target=_try, args=(loaded,))
    rehearsal.start()
    rehearsal.join()
    status = rehearsal.exitcode
    rehearsal.close()
    if status:
        raise typer.Exit(max(status, 1))


def _try(loaded: Loaded) -> None:
    async def start_and_stop() -> None:
        listen = loaded.settings.listen
        with ExitStack() as held:
            for address in (listen.public, listen.management, listen.probes):
                if address is not None:
                    held.enter_context(_bound(address))
            async with running(_elsewhere(loaded)):
                log.debug("start.rehearsed")

    try:
        _run(start_and_stop())
    except typer.Exit as refusal:
        raise SystemExit(refusal.exit_code) from None


def _bound(address: Address) -> socket.socket:
    """Return a socket that holds the address and takes no connection: nobody is to be served yet.

    Raises:
        OSError: somebody else listens there.

    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((address.host, address.port))
    except OSError as error:
        held.close()
        raise OSError(error.errno, f"{address}: {error.strerror}") from error
    return held


def _elsewhere(loaded: Loaded) -> Loaded:
    """Return the same configuration on a port that nobody knows."""
    listen = loaded.settings.listen
    hidden = listen.model_copy(
        update={"public": Address("127.0.0.1", 0), "management": None, "probes": None}
    )
    return replace(loaded, settings=loaded.settings.model_copy(update={"listen": hidden}))
