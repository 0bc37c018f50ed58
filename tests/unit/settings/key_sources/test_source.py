"""`from:` of a root key."""

import re
from pathlib import Path

import pytest
import yaml

from sidecar.settings.key_sources.source import FAR, HERE
from sidecar.settings.schema import Settings
from tests.unit.settings import build

ONE = (
    "keys[0].from: exactly one of env, file, command, kubernetes, vault, vault_transit, aws_kms "
    "and aws_secret is needed"
)
VAULT = {"address": "https://v", "path": "a", "field": "key", "auth": {"token": "${TOKEN}"}}


@pytest.mark.parametrize(
    "source", [{}, {"env": "KEY", "file": "x"}, {"env": "KEY", "vault": {**VAULT}}]
)
def test_a_key_comes_from_one_place(source: dict[str, object]) -> None:
    """None and several places show a fault, also where nothing is opened."""
    assert build.faults({"TOKEN": "x", "KEY": "x"}, keys=[{"id": "k", "from": source}]) == [ONE]


def test_a_command_has_a_word() -> None:
    """A command of no words, a variable and a file without a name show a fault."""
    told = build.faults(keys=[{"id": "k", "from": {"command": []}}])
    assert told == ["keys[0].from: a command has at least one word"]
    for kind in ("env", "file"):
        told = build.faults(keys=[{"id": "k", "from": {kind: ""}}])
        assert told == [f"keys[0].from.{kind}: must not be empty"]


def test_every_place_is_one_of_the_two_kinds() -> None:
    """The keys of `from:` show that none is forgotten among those that are counted, and
    that editors know that there is one.
    """
    schema = Settings.model_json_schema()
    source = schema["$defs"]["KeySource"]
    assert list(source["properties"]) == [*HERE, *FAR]
    assert (source["minProperties"], source["maxProperties"]) == (1, 1)
    assert source["additionalProperties"] is False


def test_nobody_is_asked_with_a_reference_that_is_missing() -> None:
    """A token that is not set shows that it is the only thing said: the call was not made."""
    context = {"ciphertext": "AAAA", "context": {"realm": "${REALM}"}}
    keys = [
        {"id": "a", "from": {"vault": VAULT}},
        {"id": "b", "from": {"aws_kms": context}, "state": "decrypt"},
    ]
    assert build.faults({}, keys=keys) == [
        "keys[0].from.vault.auth.token: environment variable TOKEN is not set",
        "keys[1].from.aws_kms.context.realm: environment variable REALM is not set",
    ]


def test_what_is_documented_is_right() -> None:
    """The keys of the documents show that they have no fault as they stand there."""
    document = Path(__file__).parents[4] / "docs" / "configuration.md"
    section = document.read_text(encoding="utf-8").partition("## Root keys")[2]
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[:1]
    written = yaml.safe_dump({**build.RIGHT, **yaml.safe_load(shown)})
    loaded = build.load_text(written, {}, secrets=False)
    assert [key.source.kind for key in loaded.settings.keys] == ["vault_transit", "kubernetes"]
