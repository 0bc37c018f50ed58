"""`sidecar check`: every fault of sidecar.yaml in one run."""

from typing import Annotated

import typer

from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, Format, load, tell

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

    Warnings are printed and do not change the exit status.
    """
    loaded = load(config, form, secrets=not without_secrets)
    tell(loaded.warnings, form)
    if form is Format.TEXT:
        count = len(loaded.policy.rules)
        typer.echo(f"{config}: ready to serve, {count} rules with the default")
