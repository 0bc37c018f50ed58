"""`sidecar tokens`: who may call the management API."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

import typer

from sidecar.cli.asking import require_yes
from sidecar.cli.desk import Json, Yes, operator_name
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load
from sidecar.cli.opening import with_store
from sidecar.cli.showing import Told, show, table, visible
from sidecar.clock import utc_now
from sidecar.core.clients import ApiToken, ClientId, Scope
from sidecar.core.durations import parse_duration
from sidecar.core.errors import Conflict, NotFound
from sidecar.flows.clients import Clients, Request
from sidecar.flows.tokens import Tokens
from sidecar.settings.load import Loaded

T = TypeVar("T")
ALL = "all"

app = typer.Typer(
    name="tokens", help="Give programs tokens of the management API.", no_args_is_help=True
)


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
    text, made = _with_clients(load(config), lambda clients: clients.create(wanted, _operator()))
    terms = f"id {made.client.id}, valid until {made.expires_at:%F %R} UTC; shown only now"
    show(Told({"token": text, **_told(made)}, (text,), terms), as_json=as_json)


@app.command("list")
def listed(*, config: ConfigOption = DEFAULT_PATH, as_json: Json = False) -> None:
    """Print the tokens there are, newest first; never the tokens themselves."""
    found, now = _with_clients(load(config), lambda clients: clients.all()), utc_now()
    rows = table("ID STATE NAME UNTIL USED NETWORKS SCOPES", (_row(token, now) for token in found))
    show(Told([_told(token) for token in found], (rows,)), as_json=as_json)


@app.command("revoke")
def revoke(
    which: Annotated[str, typer.Argument(help="Its id, as `list` prints it.")],
    *,
    yes: Yes = False,
    config: ConfigOption = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Let a token open nothing any more."""
    loaded = load(config)
    if not yes:
        require_yes(f"Revoke {visible(which)}? What calls with it stops")
    gone = _with_clients(loaded, lambda clients: clients.revoke(ClientId(which), _operator()))
    line = f"{visible(gone.client.name)} ({gone.client.id}) is revoked"
    show(Told(_told(gone), (line,)), as_json=as_json)


def _operator() -> str:
    return f"operator:{operator_name()}"


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
    return {
        "id": token.client.id,
        "name": token.client.name,
        "scopes": sorted(token.client.scopes),
        "networks": token.networks,
        "by": token.by,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }


def _row(token: ApiToken, now: datetime) -> tuple[object, ...]:
    state = "revoked" if token.revoked_at else "expired" if now >= token.expires_at else "live"
    scopes = (
        "all" if token.client.scopes == frozenset(Scope) else " ".join(sorted(token.client.scopes))
    )
    networks = " ".join(token.networks) or "any"
    used = token.last_used_at or "never"
    client = token.client
    return (client.id, state, client.name, token.expires_at, used, networks, scopes)


def _with_clients(loaded: Loaded, work: Callable[[Clients], Awaitable[T]]) -> T:
    """Return what the work returns; what cannot be done is told in one line."""
    try:
        return with_store(loaded, lambda store: work(Clients(store, Tokens(store.ring), utc_now)))
    except (NotFound, Conflict) as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(1) from None
