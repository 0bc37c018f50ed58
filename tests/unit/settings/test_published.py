"""The JSON Schema that editors use."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from sidecar.bundled import plugin_names
from sidecar.settings.published import json_schema

ROOT = Path(__file__).parents[3]


def properties(schema: object) -> Iterator[tuple[str, dict[str, object]]]:
    """Every described key of the schema."""
    if isinstance(schema, dict):
        named = schema.get("properties")
        if isinstance(named, dict):
            yield from named.items()
        for inner in schema.values():
            yield from properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner)


def test_the_published_schema_is_current() -> None:
    """The file in `config/` shows that it is what `sidecar schema` prints."""
    assert (ROOT / "config" / "sidecar.schema.json").read_text(encoding="utf-8") == json_schema()


def test_every_key_is_described() -> None:
    """Each key shows the hover help that editors give, its own or that of what it refers to."""
    whole = json.loads(json_schema())
    bare = []
    for name, value in properties(whole):
        referred = whole["$defs"].get(str(value.get("$ref")).rpartition("/")[2], {})
        condition = "if" in value or "const" in value
        if not (condition or value.get("description") or referred.get("description")):
            bare.append(name)
    assert bare == []


def test_defaults_are_shown_as_written() -> None:
    """No default shows a form that the file would refuse (ISO durations, bare sizes)."""
    text = json_schema()
    assert not re.search(r'"default": "P[T0-9]', text)
    assert '"default": "64KiB"' in text
    assert '"default": "1h"' in text


def test_samples_name_the_schema() -> None:
    """The samples show in their first line where editors find the schema."""
    for path in (ROOT / "sidecar.yaml", *(ROOT / "config").glob("*.yaml")):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        named = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / named).resolve() == ROOT / "config" / "sidecar.schema.json"


def test_options_of_bundled_plugins_are_known_to_editors() -> None:
    """Declarations show the options of their plugin, named by the instance or by `plugin:`."""
    whole = json.loads(json_schema())
    totp = whole["$defs"]["factors.totp"]
    assert {"plugin", "issuer", "digits"} <= set(totp["properties"])
    assert totp["additionalProperties"] is False
    assert "realm" in whole["$defs"]["identity.upstream_session"]["properties"]
    cases = whole["properties"]["factors"]["allOf"]
    assert set(plugin_names("factors")) == {name for case in cases for name in case["properties"]}
    referred = set(re.findall(r'"#/\$defs/([^"]+)"', json_schema()))
    assert referred <= set(whole["$defs"])


def test_patterns_are_those_of_every_engine() -> None:
    """Patterns show no escape that engines of editors refuse, where a quote needs none."""
    assert '\\\\\\"' not in json_schema()
