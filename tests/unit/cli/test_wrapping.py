"""`sidecar keys wrap`."""

import re
import shlex

import pytest
import yaml

from sidecar.settings.key_sources.source import FAR
from tests.unit.cli.conftest import Run
from tests.unit.settings import build


@pytest.mark.parametrize("kind", FAR)
def test_the_lines_that_are_shown_are_right(run: Run, kind: str) -> None:
    """The lines for sidecar.yaml show that they have no fault, as they are printed."""
    done = run("keys", "wrap", kind, "--id", "k7")
    assert done.exit_code == 0
    _, lines = re.split(r"^# in sidecar.yaml.*:$", done.stdout, flags=re.MULTILINE)
    written = yaml.safe_dump({**build.RIGHT, **yaml.safe_load(lines)})
    loaded = build.load_text(written, {}, secrets=False)
    assert loaded.settings.keys[0].id == "k7"
    assert loaded.settings.keys[0].source.kind == kind


@pytest.mark.parametrize("kind", FAR)
def test_no_key_is_an_argument(run: Run, kind: str) -> None:
    """The commands show that a key goes through pipes only, never where a process list shows it."""
    commands = run("keys", "wrap", kind).stdout.partition("# in sidecar.yaml")[0]
    assert "$(" not in commands
    assert "`" not in commands
    words = shlex.split(
        re.sub(r"<<'END'.*?^END", "", commands, flags=re.DOTALL | re.MULTILINE), comments=True
    )
    assert ("generate" in words) == (kind in {"kubernetes", "vault", "aws_secret"})
    assert words.count("generate") == words.count("|")


def test_a_place_that_is_none_is_told(run: Run) -> None:
    """A word that names no place shows the ones that there are."""
    done = run("keys", "wrap", "safe")
    assert done.exit_code == 2
    assert all(kind in done.output for kind in FAR)
