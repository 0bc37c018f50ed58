"""The description of the API as a reader wants it: groups, calls, fields, without references."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sidecar.api.openapi import PROBLEM

Json = Mapping[str, Any]

DEEPEST: Final = 4
"""Fields within fields that are shown; no model of ours is deeper."""
_BOUNDS: Final = (
    ("minLength", "maxLength", "{} characters"),
    ("minimum", "maximum", "{}"),
    ("minItems", "maxItems", "{} of them"),
)
_SLUG: Final = re.compile(r"`([a-z-]+)`")
_KINDS: Final = {"date-time": "moment (RFC 3339)", "user-id": "user id"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or answer, or one parameter."""

    name: str
    kind: str
    """What is written there, in words."""
    required: bool
    text: str
    bounds: tuple[str, ...] = ()
    place: str = "body"
    """`path`, `query`, `header` or `body`."""
    fields: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """One answer that a call may get."""

    status: str
    text: str
    fields: tuple[Field, ...] = ()
    slugs: tuple[str, ...] = ()
    """Which problems it can be; empty where the call succeeded."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call."""

    name: str
    method: str
    path: str
    summary: str
    text: str
    scope: str
    """Empty: anybody may ask."""
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    example: str
    """A body to begin with, as JSON; empty where none is sent."""
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The calls about one subject."""

    name: str
    text: str
    operations: tuple[Operation, ...]


def outline(description: Json) -> tuple[Group, ...]:
    """Return everything in the description, in its order."""
    schemas = description["components"]["schemas"]
    reader = _Reader(schemas)
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in description["tags"]}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            found[operation["tags"][0]].append(reader.operation(path, method, operation))
    return tuple(
        Group(tag["name"], tag["description"], tuple(found[tag["name"]]))
        for tag in description["tags"]
    )


class _Reader:
    def __init__(self, schemas: Json) -> None:
        self._schemas = schemas

    def operation(self, path: str, method: str, said: Json) -> Operation:
        sent = said.get("requestBody", {}).get("content", {}).get("application/json", {})
        security = said.get("security", ())
        return Operation(
            name=said["operationId"],
            method=method.upper(),
            path=path,
            summary=said["summary"],
            text=_before_scope(said.get("description", "")),
            scope=security[0]["token"][0] if security else "",
            parameters=tuple(map(self._parameter, said.get("parameters", ()))),
            body=self._fields(sent.get("schema", {})),
            example=_example(sent),
            told=tuple(self._told(said["responses"])),
        )

    def _told(self, responses: Json) -> Iterator[Told]:
        for status, said in responses.items():
            content = said.get("content", {}).get("application/json", {})
            text, fields = said["description"], self._fields(content.get("schema", {}))
            slugs = tuple(_SLUG.findall(text)) if PROBLEM in said.get("content", {}) else ()
            yield Told(status, text, fields, slugs)

    def _parameter(self, said: Json) -> Field:
        field = self._field(said["name"], said["schema"], required=said["required"], depth=0)
        return Field(
            field.name,
            field.kind,
            field.required,
            said.get("description", field.text),
            field.bounds,
            said["in"],
        )

    def _fields(self, schema: Json, depth: int = 0) -> tuple[Field, ...]:
        whole = self._whole(schema)
        required = whole.get("required", ())
        found = [
            self._field(name, said, required=name in required, depth=depth)
            for name, said in whole.get("properties", {}).items()
        ]
        return tuple(sorted(found, key=lambda field: not field.required))

    def _field(self, name: str, said: Json, *, required: bool, depth: int) -> Field:
        inner = self._inner(said)
        return Field(
            name,
            self._kind(said),
            required,
            said.get("description", ""),
            tuple(_bounds(inner)),
            fields=self._fields(self._item(said), depth + 1) if depth < DEEPEST else (),
        )

    def _whole(self, schema: Json) -> Json:
        reference = schema.get("$ref", "")
        found: Json = self._schemas[reference.rpartition("/")[2]] if reference else schema
        return found

    def _inner(self, said: Json) -> Json:
        """Return the schema of what may be there beside null."""
        choices = [one for one in said.get("anyOf", ()) if one.get("type") != "null"]
        return self._whole(choices[0] if len(choices) == 1 else said)

    def _item(self, said: Json) -> Json:
        inner = self._inner(said)
        return self._whole(inner.get("items", inner))

    def _kind(self, said: Json) -> str:
        choices = said.get("anyOf", ())
        if choices:
            kinds = [self._kind(one) for one in choices]
            return " or ".join(dict.fromkeys(kinds))
        whole = self._whole(said)
        if "enum" in whole:
            return " | ".join(map(json.dumps, whole["enum"]))
        if "const" in whole:
            return json.dumps(whole["const"])
        if whole.get("type") == "array":
            return f"list of {self._kind(whole.get('items', {}))}"
        return _KINDS.get(whole.get("format", ""), str(whole.get("type", "anything")))


def _bounds(inner: Json) -> Iterator[str]:
    """Say between which bounds a value lies, and what it looks like."""
    for least, most, text in _BOUNDS:
        low, high = inner.get(least), inner.get(most)
        if low is not None and high is not None:
            yield text.format(low if low == high else f"{low} to {high}")
        elif low is not None or high is not None:
            yield text.format(f"at most {high}" if low is None else f"at least {low}")
    if "pattern" in inner:
        yield f"matches {inner['pattern']}"


def _example(sent: Json) -> str:
    given = sent.get("examples", {}).get("example", {}).get("value")
    return "" if given is None else json.dumps(given, indent=2, ensure_ascii=False)


def _before_scope(text: str) -> str:
    """Return the description without its last line, which says the scope."""
    return text.rpartition("Needs the scope")[0].rstrip() if "Needs the scope" in text else text
