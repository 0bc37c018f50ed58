"""`sidecar keys`."""

import json
import re
from pathlib import Path

from sidecar.settings.keys import decode_key
from sidecar.transfer.keys import owner, recipient
from tests.unit.cli.conftest import Run
from tests.unit.settings import build


def test_a_generated_key_is_taken(run: Run) -> None:
    """What is printed shows that it is a key, ready for the environment and for sidecar.yaml."""
    done = run("keys", "generate")
    assert done.exit_code == 0
    name, _, value = done.output.splitlines()[0].partition("=")
    assert name == "ENCRYPTION_KEY"
    assert len(decode_key(value)) == 32
    line = re.sub(r"^# ", "", done.output.splitlines()[-1])
    assert line == "keys: [{id: k1, from: {env: ENCRYPTION_KEY}}]"
    loaded = build.load({name: value}, keys=[{"id": "k1", "from": {"env": name}}])
    assert loaded.keys[0].active


def test_each_key_is_another_one(run: Run) -> None:
    """Two runs show that no key is ever made twice, and that id and variable are chosen."""
    bare = [run("keys", "generate", "--bare").output for _ in range(2)]
    assert bare[0] != bare[1]
    named = run("keys", "generate", "--id", "k2", "--env", "NEW_KEY").output
    assert "NEW_KEY=" in named
    assert "keys: [{id: k2, from: {env: NEW_KEY}}]" in named


def test_a_pair_for_files_is_made(run: Run, tmp_path: Path) -> None:
    """The public key is printed, the private one shows in a file that nobody else can read, and
    both are of one pair.
    """
    kept = tmp_path / "private.jwk"
    done = run("keys", "recipient", str(kept))
    assert done.exit_code == 0
    public, private = json.loads(done.stdout), json.loads(kept.read_text())
    assert recipient(public).id == owner(private).id
    assert kept.stat().st_mode & 0o777 == 0o600
    assert private["d"] not in done.output


def test_a_key_is_never_written_over(run: Run, tmp_path: Path) -> None:
    """A file that is there shows as it was: what is sealed to its key would be lost."""
    kept = tmp_path / "private.jwk"
    kept.write_text("mine")
    done = run("keys", "recipient", str(kept))
    assert (done.exit_code, done.stdout) == (2, "")
    assert kept.read_text() == "mine"
