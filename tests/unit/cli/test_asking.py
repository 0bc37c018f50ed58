"""A question before something is lost."""

import pytest
import typer
from typer.testing import CliRunner, Result

from sidecar.cli.asking import require_yes

app = typer.Typer()


@app.command()
def lose() -> None:
    """Lose everything, if somebody says so."""
    require_yes("Lose everything?")
    typer.echo("lost")


def answered(said: str) -> Result:
    return CliRunner().invoke(app, input=said)


def test_yes_goes_on() -> None:
    """A yes shows that the work is done."""
    done = answered("y\n")
    assert done.exit_code == 0
    assert "lost" in done.stdout


@pytest.mark.parametrize(
    ("said", "told"), [("n\n", "nothing was changed"), ("", "--yes answers beforehand")]
)
def test_no_and_silence_change_nothing(said: str, told: str) -> None:
    """A no, and no terminal to ask at, show that nothing was changed, and what to do."""
    done = answered(said)
    assert done.exit_code == 1
    assert "lost" not in done.stdout
    assert told in done.stderr
