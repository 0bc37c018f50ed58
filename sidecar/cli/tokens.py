"""`sidecar tokens`: who may call the management API."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

import typer

from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load, refused
from sidecar.cli.users import operator
from sidecar.clock import utc_now
from sidecar.core.clients import ApiToken, ClientId, Scope
from sidecar.core.durations import parse_duration
from sidecar.core.errors import Conflict, NotFound, StoreUnavailable
from sidecar.flows.clients import Clients, Request
from sidecar.flows.tokens import Tokens
from sidecar.settings.load import Loaded
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.sql import open_store
from sidecar.wiring import key_ring

T = TypeVar("T")
ALL = "all"

app = typer.Typer(
    name="tokens", help="Give programs tokens of the management API.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback()
def tokens() -> None:
    """Give programs tokens of the management API."""


@app.command("create")
def create(
    *,
    name: Annotated[str, typer.Option("--name", help="What it is for; the audit trail says it.")],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope", help=f"What it may do, again for more: {', '.join(Scope)}; or all."
        ),
    ],
    expires: Annotated[str, typer.Option("--expires", help="For how long, up to 366d.")] = "90d",
    network: Annotated[
        list[str] | None,
        typer.Option("--network", help="Where calls may come from; again for more."),
    ] = None,
    config: ConfigOption = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Print a new token; it is shown only now."""
    wanted = Request(name, _scopes(scope), _life(expires), tuple(network or ()))
    text, made = _with_clients(load(config), lambda clients: clients.create(wanted, operator()))
    if as_json:
        typer.echo(json.dumps({"token": text, **_told(made)}, indent=2))
        return
    typer.echo(text)
    typer.echo(
        f"id {made.client.id}, valid until {made.expires_at:%F %R} UTC; shown only now", err=True
    )


@app.command("list")
def show(*, config: ConfigOption = DEFAULT_PATH, as_json: Json = False) -> None:
    """Print the tokens there are, newest first; never the tokens themselves."""
    found = _with_clients(load(config), lambda clients: clients.all())
    if as_json:
        typer.echo(json.dumps([_told(token) for token in found], indent=2))
        return
    for token in found:
        typer.echo(_line(token, utc_now()))


@app.command("revoke")
def revoke(
    which: Annotated[str, typer.Argument(help="Its id, as `list` prints it.")],
    *,
    config: ConfigOption = DEFAULT_PATH,
) -> None:
    """Let a token open nothing any more."""
    loaded = load(config)
    gone = _with_clients(loaded, lambda clients: clients.revoke(ClientId(which), operator()))
    typer.echo(f"{gone.client.name} ({gone.client.id}) is revoked")


def _scopes(words: list[str]) -> frozenset[Scope]:
    if words == [ALL]:
        return frozenset(Scope)
    try:
        return frozenset(map(Scope, words))
    except ValueError as unknown:
        known = f"{unknown}; there are {', '.join(Scope)}, or all"
        raise typer.BadParameter(known, param_hint="--scope") from unknown


def _life(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--expires") from wrong


def _told(token: ApiToken) -> dict[str, object]:
    moments = {
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
    return {
        "id": token.client.id,
        "name": token.client.name,
        "scopes": sorted(token.client.scopes),
        "networks": list(token.networks),
        "by": token.by,
        **{name: at and at.isoformat() for name, at in moments.items()},
    }


def _line(token: ApiToken, now: datetime) -> str:
    state = "revoked" if token.revoked_at else "expired" if now >= token.expires_at else "live"
    used = f"used {token.last_used_at:%F %R}" if token.last_used_at else "never used"
    until = f"until {token.expires_at:%F}"
    scopes = " ".join(sorted(token.client.scopes))
    return f"{token.client.id}  {state:7}  {token.client.name}  {until}, {used}  {scopes}"


def _with_clients(loaded: Loaded, work: Callable[[Clients], Awaitable[T]]) -> T:
    """Return what the work returns; what cannot be done is told in one line."""

    async def run() -> T:
        ring = key_ring(loaded)
        store = await open_store(loaded.settings.storage.database, ring, utc_now)
        try:
            return await work(Clients(store, Tokens(ring), utc_now))
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except (StoreUnproven, StoreUnavailable) as fault:
        raise refused(fault) from fault
    except (NotFound, Conflict) as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(1) from None
