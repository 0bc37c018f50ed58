"""`sidecar check`: every fault of sidecar.yaml in one run."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import typer

from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, Format, load, tell
from sidecar.cli.main import EXIT_CONFIG
from sidecar.settings.faults import Fault, Finding
from sidecar.settings.load import Loaded

app = typer.Typer()


@app.command("check")
def check(
    *,
    config: ConfigOption = DEFAULT_PATH,
    form: Annotated[Format, typer.Option("--format", help="How faults are printed.")] = Format.TEXT,
    without_secrets: Annotated[
        bool,
        typer.Option("--without-secrets", help="Missing variables, files and keys are no faults."),
    ] = False,
) -> None:
    """Do everything that `serve` does short of opening sockets; exit 78 where it would not start.

    Exit status 1 where only a server that is asked does not answer, as with `serve`.

    Warnings are printed and do not change the exit status.
    """
    loaded = load(config, form, secrets=not without_secrets)
    found = [*loaded.warnings, *_program(loaded)]
    stored = [] if without_secrets else asyncio.run(_store(loaded))
    found += stored
    if not without_secrets:
        found += asyncio.run(_redis(loaded))
    tell(found, form)
    wrong = [fault for fault in found if not fault.warning]
    if wrong:
        raise typer.Exit(1 if all(fault.passing for fault in wrong) else EXIT_CONFIG)
    if form is Format.TEXT:
        count = len(loaded.policy.rules)
        ready = "ready to serve once the store is made" if stored else "ready to serve"
        verdict = "right, as far as the file tells" if without_secrets else ready
        typer.echo(f"{config}: {verdict}; {count} rules with `login` and the default")
        for line in _connections(loaded):
            typer.echo(line)


def _connections(loaded: Loaded) -> Iterator[str]:
    """Tell what PostgreSQL must be able to bear: each process has connections of its own."""
    settings = loaded.settings
    if not settings.storage.database.startswith("postgres"):
        return
    pool, processes = settings.storage.pool, settings.workers * settings.replicas
    each = pool.readers + pool.writers
    yield (
        f"PostgreSQL gets up to {each * processes} connections: {settings.replicas} replicas"
        f" x {settings.workers} workers x {each}; `max_connections` must allow them and a few more"
    )


def _program(loaded: Loaded) -> Iterator[Fault]:
    """Prepare what serving needs beside the file: parsers, templates, catalogs.

    Imported here, so that a file with faults is told without waiting for all of it.
    """
    from sidecar import wiring
    from sidecar.proxy import parser_guard
    from sidecar.web.brought import Unusable

    for message in parser_guard.faults():
        yield loaded.places.fault(Finding((), message))
    try:
        wiring.letters(loaded, wiring.renderer(loaded))
    except Unusable as unusable:
        for flaw in unusable.flaws:
            yield loaded.places.fault(Finding(wiring.bringer(loaded, flaw.path), str(flaw)))
    wiring.limits(loaded.settings)
    wiring.router(loaded)


async def _store(loaded: Loaded) -> list[Fault]:
    """Let an existing database prove itself; one that is still to be made is worth a warning."""
    from sidecar import wiring
    from sidecar.clock import utc_now
    from sidecar.core.errors import StoreUnavailable
    from sidecar.storage.faults import StoreAbsent, StoreUnproven
    from sidecar.storage.sql import open_store

    url, where = loaded.settings.storage.database, ("storage", "database")
    try:
        store = await open_store(url, wiring.key_ring(loaded), utc_now, serves=False)
    except StoreUnavailable as unavailable:
        return [loaded.places.fault(Finding(where, str(unavailable), passing=True))]
    except StoreUnproven as unproven:
        absent = isinstance(unproven, StoreAbsent)
        finding = Finding(where, str(unproven), unproven.hint, warning=absent)
        return [loaded.places.fault(finding)]
    await store.close()
    return []


async def _redis(loaded: Loaded) -> list[Fault]:
    """Ask Redis whether it answers us; a sidecar starts without it, so that it is a warning."""
    part = loaded.settings.redis
    if part is None:
        return []
    from sidecar.storage.redis.connection import RedisConnection
    from sidecar.storage.redis.line import RedisDown

    connection = RedisConnection(part)
    try:
        await connection.ping()
    except RedisDown as down:
        hint = "serve starts without it, and says 503 where it is needed"
        finding = Finding(("redis", "address"), f"cannot be used: {down}", hint, warning=True)
        return [loaded.places.fault(finding)]
    finally:
        await connection.close()
    return []
