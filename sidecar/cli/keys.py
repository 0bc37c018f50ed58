"""`sidecar keys`: root keys, from which every other key is derived."""

import base64
import secrets
from typing import Annotated

import typer

from sidecar.settings.keys import KEY_BYTES

app = typer.Typer(name="keys", help="Make root keys.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Make root keys."""


@app.command("generate")
def generate(
    *,
    name: Annotated[str, typer.Option("--id", help="The id of the key in sidecar.yaml.")] = "k1",
    variable: Annotated[
        str, typer.Option("--env", help="The environment variable that will hold it.")
    ] = "ENCRYPTION_KEY",
    bare: Annotated[bool, typer.Option("--bare", help="Print the value alone.")] = False,
) -> None:
    """Print a new root key and the line of sidecar.yaml that uses it.

    The key opens every stored secret: keep it where you keep passwords, not in the repository.
    """
    value = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    if bare:
        typer.echo(value)
        return
    typer.echo(f"{variable}={value}")
    typer.echo("# in sidecar.yaml (one key is active; older ones stay with `state: decrypt`):")
    typer.echo(f"# keys: [{{id: {name}, from: {{env: {variable}}}}}]")
