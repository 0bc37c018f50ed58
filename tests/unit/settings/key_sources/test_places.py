"""Root keys that lie on this machine."""

import sys

import pytest

from sidecar.settings.key_sources import places
from sidecar.settings.references import Missing


def test_a_variable_has_a_value() -> None:
    """Set, empty and absent variables show that only the first is a key."""
    assert places.variable("KEY", {"KEY": "x"}) == "x"
    for env in ({"KEY": ""}, {}):
        with pytest.raises(Missing, match="environment variable KEY is not set"):
            places.variable("KEY", env)


def test_a_program_gets_the_environment_and_no_shell() -> None:
    """What a program prints shows that it saw our variables, and its words as they are written."""
    script = "import os, sys; print(os.environ['KEY'] + sys.argv[1])"
    command = (sys.executable, "-c", script, "$(id) ; x")
    assert places.output(command, {"KEY": "abc"}) == "abc$(id) ; x\n"


def test_a_program_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that waits for ever shows a fault."""
    monkeypatch.setattr(places, "COMMAND_S", 0.2)
    command = (sys.executable, "-c", "import signal; signal.pause()")
    with pytest.raises(Missing, match="took longer than"):
        places.output(command, {})


def test_what_is_no_text_is_no_key() -> None:
    """A program that prints bytes shows a fault."""
    command = (sys.executable, "-c", r"import os; os.write(1, b'\xff\xfe')")
    with pytest.raises(Missing, match="cannot be run: UnicodeDecodeError"):
        places.output(command, {})
