"""`sidecar schema`: the JSON Schema of sidecar.yaml, for editors."""

import typer

from sidecar.settings.published import json_schema

app = typer.Typer()


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of sidecar.yaml."""
    typer.echo(json_schema(), nl=False)
