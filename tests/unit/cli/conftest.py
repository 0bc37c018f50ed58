"""The command line, run in the process of the test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sidecar.cli.main import build

BROKEN = """
from dataclasses import replace
from pathlib import Path
from sidecar.loader import Role, resolve
PLUGIN = replace(resolve(Role.FACTORS, "totp"), files=Path(__file__).parent / "brought")
"""
Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run `sidecar` with arguments and environment."""

    def invoke(*arguments: str, **env: str) -> Result:
        return CliRunner().invoke(build(arguments), list(arguments), env=env)

    return invoke


def a_broken_plugin(folder: Path, name: str) -> Path:
    """Return the template with a fault that the plugin `<name>:PLUGIN` of the folder brings."""
    template = folder / "brought" / "prompts" / "odd.html"
    template.parent.mkdir(parents=True)
    template.write_text("<p>\n{{ }")
    (folder / f"{name}.py").write_text(BROKEN)
    return template
