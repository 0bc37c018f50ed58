"""`sidecar keys`."""

import re

from sidecar.settings.keys import decode_key
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
