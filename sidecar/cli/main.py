"""Which commands there are; a command's module is imported only when it runs."""

import gc
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Annotated, Final

import typer

from sidecar import __version__

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "serve": "Stand in front of the applications.",
        "demo": "Serve a demo application with the sidecar in front.",
        "check": "Report every fault of sidecar.yaml, with line and hint.",
        "explain": "Show which rules a request meets, and why.",
        "schema": "Print the JSON Schema of sidecar.yaml.",
        "keys": "Make and replace root keys, and keys for moving people.",
        "migrate": "Create the database, move its schema up and down.",
        "replicas": "List the processes that serve, and how far each has read.",
        "db": "Look into the store, back it up, say that it was restored.",
        "tokens": "Give programs tokens of the management API.",
        "openapi": "Print the description of the management API.",
        "users": "Look at people, invite them, help them, erase them.",
        "plugins": "List plugins, and try whether one keeps what plugins promise.",
    }
)
"""Name and help of each command; its module is `sidecar.cli.<name>`.

The module holds `app`, a `typer.Typer`: a single command registers itself by its name
(`@app.command("check")`); a group carries its name itself (`typer.Typer(name="keys")`).
"""

EXIT_CONFIG: Final = 78
"""`EX_CONFIG` of sysexits.h: started with a configuration that cannot be used."""


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the command line, with the one command that the arguments name imported."""
    root = typer.Typer(
        name="sidecar",
        help="A second factor in front of applications that keep their own login.",
        no_args_is_help=True,
        invoke_without_command=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        callback=_options,
    )
    wanted = next((word for word in arguments if not word.startswith("-")), "")
    for name, text in COMMANDS.items():
        if name == wanted:
            with _lean():
                module = importlib.import_module(f"sidecar.cli.{name}")
            root.add_typer(module.app)
        else:
            root.command(name, help=text)(_never_run)
    return root


@contextmanager
def _lean() -> Iterator[None]:
    """What is imported meanwhile does not find `rich`, and nobody looks for garbage.

    structlog would draw its tracebacks with `rich`: 6 MiB in every process, for what nobody here
    draws. The collector would take a third of the time, and imports leave hardly any garbage.
    """
    absent = "rich" not in sys.modules
    if absent:
        sys.modules["rich"] = None  # type: ignore[assignment]  # Python's word for "not to be had"
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if absent:
            del sys.modules["rich"]


def _never_run() -> None:
    """Stand in the list of commands for one that was not asked for."""


def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"sidecar {__version__}")
        raise typer.Exit
