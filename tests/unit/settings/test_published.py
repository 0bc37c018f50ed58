"""The JSON Schema that editors use."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

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
        if not (value.get("description") or referred.get("description")):
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
