"""Which commands there are."""

import subprocess
import sys

import pytest

from sidecar import __version__
from sidecar.cli.main import COMMANDS
from tests.unit.cli.conftest import Run


def test_every_command_is_listed_with_its_help(run: Run) -> None:
    """The help shows each command without importing any of them."""
    shown = run("--help").output
    assert [name for name, text in COMMANDS.items() if name not in shown or text not in shown] == []


@pytest.mark.parametrize("command", ["check", "explain", "schema", "keys"])
def test_every_command_has_help_of_its_own(run: Run, command: str) -> None:
    """A command's help shows its options."""
    done = run(command, "--help")
    assert (done.exit_code, "--help" in done.output) == (0, True)


def test_the_version_is_told(run: Run) -> None:
    """`--version` shows the version and needs no command."""
    done = run("--version")
    assert (done.exit_code, done.output) == (0, f"sidecar {__version__}\n")


def test_unknown_commands_are_refused(run: Run) -> None:
    """A misspelt command shows the near one, and fails."""
    done = run("chekc")
    assert done.exit_code == 2
    assert "check" in done.output


def test_the_list_of_commands_imports_nothing_heavy() -> None:
    """`sidecar --help` shows that it starts without the settings, the database or the server."""
    script = (
        "import sys\n"
        "from sidecar.cli.main import build\n"
        "build(['--help'])\n"
        "heavy = {'pydantic', 'yaml', 'aiohttp', 'sqlalchemy', 'jinja2', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_serving_imports_nothing_that_it_does_not_need() -> None:
    """A server's modules show nothing that only other commands or configurations use."""
    look = "from sidecar.cli.main import build; import sys; build(['serve']); print(*sys.modules)"
    done = subprocess.run((sys.executable, "-c", look), capture_output=True, check=True, text=True)
    loaded = set(done.stdout.split())
    assert "sidecar.cli.serve" in loaded
    dear = {"alembic", "rich", "fido2", "redis", "sentry_sdk", "sqlalchemy.dialects.postgresql"}
    assert dear & loaded == set()


def test_the_module_runs_the_command() -> None:
    """`python -m sidecar` shows that it is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == f"sidecar {__version__}\n"
