"""The command line, run in the process of the test."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from sidecar.cli.main import build

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run `sidecar` with arguments and environment."""

    def invoke(*arguments: str, **env: str) -> Result:
        return CliRunner().invoke(build(arguments), list(arguments), env=env)

    return invoke
