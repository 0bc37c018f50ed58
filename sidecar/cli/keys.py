"""`sidecar keys`: root keys, from which every other key is derived, and keys for moving people."""

import base64
import json
import secrets
from pathlib import Path
from typing import Annotated

import typer

from sidecar.cli import leak, rotation
from sidecar.cli.files import write_private
from sidecar.cli.wrapping import wrap
from sidecar.settings.key_sources.written import KEY_BYTES

app = typer.Typer(name="keys", help="Make keys, look at them, replace them.", no_args_is_help=True)
app.command("status")(rotation.status)
app.command("rotate")(rotation.rotate)
app.command("reseal")(rotation.reseal)
app.command("revoke-all-seeds")(leak.revoke_all_seeds)
app.command("wrap")(wrap)


@app.callback()
def keys() -> None:
    """Make keys, look at them, replace them."""


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


@app.command("recipient")
def recipient(
    private: Annotated[
        Path, typer.Argument(help="Where the private key goes; there must be no such file yet.")
    ],
) -> None:
    """Print the public key that an export is sealed to, and keep the private one that opens it.

    Made where people are taken in; only the public key goes to where they come from.
    """
    from sidecar.transfer.keys import make_recipient  # cryptography, which root keys do not need

    public, secret = make_recipient()
    try:
        write_private(private, json.dumps(secret) + "\n")
    except OSError as error:
        raise typer.BadParameter(f"{private}: {error.strerror}", param_hint="PRIVATE") from error
    typer.echo(json.dumps(public))
    typer.echo(f"{private} opens what is sealed to it: keep it here, and remove it after", err=True)
