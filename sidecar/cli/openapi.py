"""`sidecar openapi`: the description of the management API, as it is served."""

import json

import typer

from sidecar.api.endpoints import description

app = typer.Typer()


@app.command("openapi")
def openapi() -> None:
    """Print the OpenAPI 3.1 description of the management API."""
    typer.echo(json.dumps(description(), indent=2))
