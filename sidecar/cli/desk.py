"""Commands at a desk: one text each, for the store of sidecar.yaml and for a running sidecar."""

import asyncio
import getpass
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from sidecar.cli.asking import require_yes
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load, refused
from sidecar.cli.showing import Told, show, visible
from sidecar.client import Client, ClientError, Patience, ProblemError, Tls, Unreachable
from sidecar.client.operations import Operations
from sidecar.core.errors import StoreUnavailable
from sidecar.storage.faults import StoreUnproven

Work = Callable[..., Awaitable[Told]]

TOKEN_VARIABLE: Final = "SIDECAR_API_TOKEN"  # noqa: S105 - the name of a variable
URL_VARIABLE: Final = "SIDECAR_API_URL"
_PATIENCE: Final = Patience(tries=4, longest_pause_s=61)
"""Whoever lists everybody calls more often than a minute allows, and waits for the next one."""
_HINTS: Final = {
    "token-missing": f"give a token: --token-file, or {TOKEN_VARIABLE}",
    "token-refused": "make a new one where the sidecar runs: sidecar tokens create",
    "scope-missing": "make one that has it where the sidecar runs: sidecar tokens create",
}

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar=URL_VARIABLE,
        help="A running sidecar's management API, instead of the store of sidecar.yaml: "
        "https://host:port, or unix:/path.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help=f"With --url: the file of an API token; {TOKEN_VARIABLE} otherwise."
    ),
]
Ca = Annotated[
    Path | None, typer.Option("--ca", help="With --url: authorities that it is verified by (PEM).")
]
Certificate = Annotated[
    Path | None, typer.Option("--certificate", help="With --url: a certificate of ours (PEM).")
]
InsecureHttp = Annotated[
    bool,
    typer.Option(
        "--insecure-http", help="With --url: another machine over http, where a mesh encrypts."
    ),
]
Key = Annotated[Path | None, typer.Option("--key", help="Its key, where that is another file.")]


_LongConfig = Annotated[
    Path, typer.Option("--config", envvar="SIDECAR_CONFIG", help="The configuration file.")
]
"""Without `-c`, which would be found in the middle of an id that begins with a dash."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works."""

    config: Path
    url: str = ""
    token_file: Path | None = None
    tls: Tls = field(default_factory=Tls)
    insecure_http: bool = False

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Operations]:
        """Offer the operations for the length of the block.

        Raises:
            typer.BadParameter: the address or a file cannot be used.
            typer.Exit: the configuration cannot.

        """
        if not self.url:
            from sidecar.cli.local import local_desk  # nothing of it is needed from afar

            async with local_desk(load(self.config), operator_name()) as desk:
                yield Operations(desk)
            return
        async with self._client() as client:
            yield client

    def _client(self) -> Client:
        try:
            token = _token(self.token_file)
            return Client(
                self.url,
                token=token,
                tls=self.tls,
                insecure_http=self.insecure_http,
                patience=_PATIENCE,
            )
        except (ValueError, OSError) as wrong:
            raise typer.BadParameter(str(wrong)) from wrong


def command(
    app: typer.Typer, name: str, *, asks: str = "", ids: bool = False, plain: bool = False
) -> Callable[[Work], Work]:
    """Return what makes a command of a function that takes the operations, and its own options.

    `asks` is asked before, where something is lost by it; its braces name parameters. `ids` are
    among the arguments: they may begin as options do. A `plain` one writes data of its own and has
    no `--json`.
    """

    def register(work: Work) -> Work:
        settings = {"ignore_unknown_options": True} if ids else None
        file = _LongConfig if ids else ConfigOption
        shared = _shared(asks=bool(asks), plain=plain, config=file)
        app.command(name, context_settings=settings)(_runnable(work, asks, shared))
        return work

    return register


def operator_name() -> str:
    """Return who runs the command; a container's user has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _shared(*, asks: bool, plain: bool, config: object) -> list[inspect.Parameter]:
    """Return the options that every command at a desk has."""
    return [
        _option("ctx", typer.Context),
        *([_option("yes", Yes, default=False)] if asks else []),
        *([] if plain else [_option("as_json", Json, default=False)]),
        _option("config", config, default=DEFAULT_PATH),
        _option("url", Url, default=""),
        _option("token_file", TokenFile, default=None),
        _option("ca", Ca, default=None),
        _option("certificate", Certificate, default=None),
        _option("key", Key, default=None),
        _option("insecure_http", InsecureHttp, default=False),
    ]


def _runnable(work: Work, asks: str, shared: list[inspect.Parameter]) -> Callable[..., None]:
    own = list(inspect.signature(work, eval_str=True).parameters.values())[1:]

    def run(**said: Any) -> None:  # noqa: ANN401 - typer hands over what the signature below asks
        mine = {each.name: said[each.name] for each in own}
        place = _place(said)
        if asks and not said["yes"]:
            where = f" ({place.url})" if place.url else ""
            require_yes(f"{_asked(asks, mine)}{where}")
        told = _done(place, work, mine)
        show(told, as_json=said.get("as_json", False))
        if told.status:
            raise typer.Exit(told.status)

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *shared)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__doc__ = work.__doc__
    return run


def _asked(asks: str, said: dict[str, Any]) -> str:
    return asks.format(**{name: visible(value) for name, value in said.items()})


def _option(name: str, kind: object, *, default: object = inspect.Parameter.empty) -> Any:  # noqa: ANN401
    kinds = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kinds, default=default, annotation=kind)


def _place(said: dict[str, Any]) -> Place:
    """Return where to work; what is written in the command goes before what the environment says.

    Raises:
        typer.BadParameter: the command names both places.

    """
    written = {name: _is_written(said["ctx"], name) for name in ("url", "config")}
    if all(written.values()):
        raise typer.BadParameter("--url and --config name two places; give one")
    tls = Tls(said["ca"], said["certificate"], said["key"])
    url = "" if written["config"] else said["url"]
    return Place(said["config"], url, said["token_file"], tls, said["insecure_http"])


def _is_written(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _token(file: Path | None) -> str:
    if file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    return file.read_text("ascii").strip()


def _done(place: Place, work: Work, said: dict[str, Any]) -> Told:
    """Return what the command has to say; what cannot be done is told in one line."""

    async def run() -> Told:
        async with place.opened() as operations:
            return await work(operations, **said)

    try:
        return asyncio.run(run())
    except (StoreUnproven, StoreUnavailable) as fault:
        raise refused(fault) from fault
    except ClientError as fault:
        typer.echo(str(fault), err=True)
        if hint := _hint(fault):
            typer.echo(f"  try: {hint}", err=True)
        raise typer.Exit(1) from None


def _hint(fault: ClientError) -> str:
    """Return what to do where it is not the call that is at fault; else nothing."""
    if isinstance(fault, Unreachable) and not fault.sent:
        return "look whether it runs; it listens for programs once there is a token"
    return _HINTS.get(fault.slug, "") if isinstance(fault, ProblemError) else ""
