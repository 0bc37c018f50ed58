"""Writes the tables that repeat what the code says: `python -m tests.tools.reference`.

A test of the house compares them, so that the documents cannot fall behind.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path

from sidecar.api.endpoints import ENDPOINTS, TAGS
from sidecar.bundled import plugin_names
from sidecar.conformance.advice import ADVICE
from sidecar.conformance.suite import CHECKS
from sidecar.core import states
from sidecar.loader import Role, resolve
from sidecar.metrics.families import FAMILIES
from sidecar.settings.published import json_schema

ROOT = Path(__file__).parent.parent.parent
BEGIN, END = "<!-- generated: {} -->", "<!-- end -->"
NEEDED = "x-needed"
"""Put on a key's schema where the schema around it requires the key."""

ISO_DURATION = re.compile(r"^PT([0-9]+)([HMS])$")
"""How pydantic writes a duration that people write as `30s` or `5m`."""

WORDS = {"string": "text", "integer": "number", "boolean": "`true`, `false`"}

Schema = Mapping[str, object]
Row = tuple[str, str, str, str]


def mapping(value: object) -> Schema:
    assert isinstance(value, Mapping), value
    return value


class Reference:
    """Rows of one JSON Schema, nested keys as dotted paths."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.parts = mapping(schema.get("$defs", {}))

    def section(self, name: str) -> str:
        """Heading, description and table of one key of the top level."""
        part = mapping(mapping(self.schema["properties"])[name])
        needed = {**part, NEEDED: name in list_of(self.schema["required"])}
        heading = f"### `{name}`\n\n{self.meaning(part)}"
        rows = list(self.rows(name, needed))
        if len(rows) > 1 or rows[0][0] != f"`{name}`":
            return f"{heading}\n\n{table(rows)}"
        _, value, default, _ = rows[0]
        return f"{heading} Value: {value}; {default if needed[NEEDED] else f'default {default}'}.\n"

    def rows(self, path: str, part: Schema) -> Iterator[Row]:
        below = [row for option in self.options(part) for row in self.nested(path, option)]
        if not below or any(option.get("type") == "string" for option in self.options(part)):
            yield self.row(path, part)
        yield from below

    def nested(self, path: str, option: Schema) -> Iterator[Row]:
        """The keys inside a mapping, in the items of a list and under any name."""
        inside = {"[]": option.get("items"), ".*": option.get("additionalProperties")}
        for suffix, below in (*inside.items(), (".*", self.named(option))):
            if isinstance(below, Mapping) and self.deep(below):
                yield from self.rows(path + suffix, below)
        required = list_of(option.get("required", []))
        for name, part in mapping(option.get("properties", {})).items():
            needed = {**mapping(part), NEEDED: name in required}
            yield from self.rows(f"{path}.{name}", needed)

    def row(self, path: str, part: Schema) -> Row:
        default = "**required**" if part.get(NEEDED) else shown(part.get("default"))
        return f"`{path}`", self.value(part), default, self.meaning(part)

    def meaning(self, part: Schema) -> str:
        text = part.get("description") or self.resolved(part).get("description") or ""
        return re.sub(r"\s+", " ", str(text)).replace("|", "\\|")

    def options(self, part: Schema) -> list[Schema]:
        """The alternatives of a value, references followed; that it may be left out is none."""
        whole = self.resolved(part)
        if "anyOf" not in whole:
            return [] if whole.get("type") == "null" else [whole]
        return [
            inner for option in list_of(whole["anyOf"]) for inner in self.options(mapping(option))
        ]

    def deep(self, part: Schema) -> bool:
        return any("properties" in option for option in self.options(part))

    @staticmethod
    def named(option: Schema) -> object:
        """The schema of entries whose names follow a pattern."""
        return next(iter(mapping(option.get("patternProperties", {})).values()), None)

    def resolved(self, part: Schema) -> Schema:
        reference = part.get("$ref")
        if not isinstance(reference, str):
            return part
        return {**mapping(self.parts[reference.rsplit("/", 1)[1]]), **part}

    def value(self, part: Schema) -> str:
        """What may be written, in a word or by example."""
        options = self.options(part)
        lists = [option for option in options if option.get("type") == "array"]
        single = dict.fromkeys(self.word(option) for option in options if option not in lists)
        if single and lists:
            return f"{' or '.join(single)}; or a list"
        return " or ".join([*single, *(self.word(option) for option in lists)])

    def word(self, option: Schema) -> str:
        for key, before in (("enum", ""), ("const", ""), ("examples", "like ")):
            if key in option:
                value = option[key]
                return before + ", ".join(map(shown, value if isinstance(value, list) else [value]))
        if option.get("type") == "array":
            return f"list of {self.value(mapping(option.get('items', {})))}"
        if "propertyNames" in option:
            names, values = option["propertyNames"], option["additionalProperties"]
            return f"{self.value(mapping(names))}, each: {self.value(mapping(values))}"
        if "properties" in option:
            return "keys below"
        return WORDS.get(str(option.get("type")), "any value")


def list_of(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def shown(value: object) -> str:
    if value in (None, {}, ""):
        return ""
    if value == []:
        return "none"
    if isinstance(value, str):
        return "`" + ISO_DURATION.sub(lambda hit: hit[1] + hit[2].lower(), value) + "`"
    return f"`{json.dumps(value)}`"


def table(rows: Iterable[Row]) -> str:
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def settings() -> str:
    """Every key of sidecar.yaml, section by section."""
    reference = Reference(mapping(json.loads(json_schema())))
    names = mapping(reference.schema["properties"])
    return "\n".join(reference.section(name) for name in names)


def plugins() -> str:
    """The options of each bundled plugin."""
    return "\n".join(options(role, name) for role in Role for name in plugin_names(role.value))


def options(role: Role, name: str) -> str:
    schema = resolve(role, name).options.model_json_schema()
    reference = Reference(mapping(schema))
    return f"### `{name}` ({role.value})\n\n{reference.meaning(schema)}\n\n" + table(
        reference.nested(name, schema)
    )


def transitions() -> str:
    """The one transition table of the core."""
    rows = [
        f"| {what} | {word(before)} | {occasion} | {word(after)} |"
        for what, states_table in (
            ("authenticator", states.AUTHENTICATOR),
            ("session", states.SESSION),
            ("person", states.PERSON),
        )
        for before, occasions in states_table.items()
        for occasion, after in occasions.items()
    ]
    return "\n".join(["| of | in state | on | becomes |", "|---|---|---|---|", *rows]) + "\n"


def metrics() -> str:
    """Every metric, in the order of a scrape."""
    rows = [
        f"| `{family.name}` | {', '.join(f'`{label}`' for label in family.labels)}"
        f" | {family.kind.value} | {family.meaning} |"
        for family in FAMILIES
    ]
    return "\n".join(["| metric | labels | kind | says |", "|---|---|---|---|", *rows]) + "\n"


def checks() -> str:
    """Every check of the conformance suite, in its order."""
    rows = [
        f"| `{check.__name__}` | {(check.__doc__ or '').strip()} | {ADVICE[check.__name__]} |"
        for check in CHECKS
    ]
    head = ["| check | what it shows | where it fails |", "|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def endpoints() -> str:
    """Every call of the management API, in its groups."""
    rows = [
        f"| `{one.method}` | `{one.path}` | {f'`{one.scope}`' if one.scope else 'anybody'}"
        f" | {one.summary} |"
        for tag in TAGS
        for one in ENDPOINTS
        if one.tag == tag
    ]
    return "\n".join(["| | path | scope | does |", "|---|---|---|---|", *rows]) + "\n"


def word(state: Enum) -> str:
    return str(state.value).replace("_", " ")


TABLES = (
    ("docs/configuration.md", "settings", settings),
    ("docs/configuration.md", "plugins", plugins),
    ("docs/architecture.md", "transitions", transitions),
    ("docs/operations.md", "metrics", metrics),
    ("docs/plugins.md", "checks", checks),
    ("docs/management.md", "endpoints", endpoints),
)


def renewed(document: str) -> str:
    """The text of a document with its tables made anew."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for where, mark, make in TABLES:
        if where == document:
            head, rest = text.split(BEGIN.format(mark) + "\n", 1)
            text = f"{head}{BEGIN.format(mark)}\n\n{make()}\n{END}{rest.split(END, 1)[1]}"
    return text


def main() -> None:
    for document in dict.fromkeys(where for where, _, _ in TABLES):
        (ROOT / document).write_text(renewed(document), encoding="utf-8")


if __name__ == "__main__":
    main()
