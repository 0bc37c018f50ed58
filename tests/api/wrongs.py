"""What can be wrong with each field of a model, drawn from its schema."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from sidecar.api.words import ApiModel

Schema = Mapping[str, Any]
Place = tuple[str | int, ...]

SPECIMENS: Mapping[str, object] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 7.5,
    "string": "word",
    "array": [],
    "object": {},
}
UNSEEN = {
    "control": "a\x07b",
    "NUL": "a\0b",
    "bidi": "a\u202eb",
    "invisible": "a\u200bb",
    "surrogate": "a\ud800b",
}
"""In no line of text that is stored, logged or shown."""
FORMATS: Mapping[str, Mapping[str, str]] = {
    "line": UNSEEN,
    "user-id": {**UNSEEN, "not NFKC": "\ufb01sh"},
    "date-time": {
        "no moment": "yesterday",
        "no such day": "2026-02-30T00:00:00Z",
        "no offset": "2026-01-01T00:00:00",
        "a date": "2026-01-01",
    },
}
BOUNDS = {"maxLength", "pattern", "enum", "const"}
"""One of them bounds a text."""
LONG = 5000
"""More than any text but a response takes, and less than a line of a request's head."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One body in which one thing is wrong."""

    what: str
    place: Place
    body: dict[str, Any]

    @property
    def pointer(self) -> str:
        words = (str(part).replace("~", "~0").replace("/", "~1") for part in self.place)
        return "".join(f"/{word}" for word in words)


def wrong_bodies(model: type[ApiModel], sound: Mapping[str, Any]) -> Iterator[Wrong]:
    """Return the sound body with one thing made wrong, for everything that can be."""
    schema = TypeAdapter(model).json_schema()
    yield from _Walk(schema, dict(sound)).inside(schema, ())


def wrong_texts(schema: Schema) -> Iterator[tuple[str, str]]:
    """Return texts that a parameter of this schema must not be, and what is wrong with each."""
    types = _types(schema, {})
    if types & {"integer", "number"}:
        yield from (("word", "word"), ("empty", ""), ("fraction", "1.5"), ("huge", "9" * 400))
    if "boolean" in types:
        yield from (("word", "word"), ("empty", ""), ("two", "2"))
    for what, value in _beyond(schema, {}):
        yield what, str(value)


def unbounded(model: type[ApiModel]) -> Iterator[str]:
    """Return the place of each text, list or number of a model that could be of any size."""
    root = TypeAdapter(model).json_schema()
    stack: list[tuple[str, Schema]] = [("", root)]
    while stack:
        place, schema = stack.pop()
        for one in _choices(schema, root):
            if one.get("type") == "string" and not BOUNDS & one.keys():
                yield place
            if one.get("type") in {"integer", "number"} and not _limited(one):
                yield place
            if one.get("type") == "array":
                if "maxItems" not in one:
                    yield place
                stack.append((f"{place}/0", _resolved(one["items"], root)))
            if one.get("type") == "object" and "properties" not in one:
                if "maxProperties" not in one or not _named(one):
                    yield place
                stack += [(f"{place}/*", _resolved(kind, root)) for kind in _entries(one)]
            for name, told in one.get("properties", {}).items():
                stack.append((f"{place}/{name}", _resolved(told, root)))


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through a schema, with a sound body that has all that was passed on the way."""

    root: Schema
    whole: dict[str, Any]

    def inside(self, schema: Schema, place: Place) -> Iterator[Wrong]:
        """Return what can be wrong with an object and all in it."""
        if "properties" not in schema:
            yield from self._entries(schema, place)
            return
        yield Wrong("extra", (*place, "extra"), self._with((*place, "extra"), 1))
        for name in schema.get("required", ()):
            yield Wrong("missing", (*place, name), self._without((*place, name)))
        for name, told in schema.get("properties", {}).items():
            yield from self._field(_resolved(told, self.root), (*place, name))

    def _field(self, schema: Schema, place: Place) -> Iterator[Wrong]:
        types = _types(schema, self.root)
        if "number" in types:
            types |= {"integer"}
        for kind, value in SPECIMENS.items():
            if kind not in types:
                yield Wrong(f"a {kind}", place, self._with(place, value))
        for what, value in _beyond(schema, self.root):
            yield Wrong(what, place, self._with(place, value))
        for choice in _choices(schema, self.root):
            if choice.get("type") == "array":
                yield from self._array(choice, place)
            elif choice.get("type") == "object":
                inner = self._with(place, _specimen(choice, self.root))
                yield from _Walk(self.root, inner).inside(choice, place)

    def _entries(self, schema: Schema, place: Place) -> Iterator[Wrong]:
        """Return what can be wrong with an object whose names are free."""
        long = (*place, "no/" + "such" * 100)
        yield Wrong("no such name", long, self._with(long, "x"))
        many = {f"entry{number}": "x" for number in range(schema["maxProperties"] + 1)}
        yield Wrong("too many", place, self._with(place, many))
        for kind in _entries(schema):
            yield from self._field(_resolved(kind, self.root), (*place, "entry"))

    def _array(self, schema: Schema, place: Place) -> Iterator[Wrong]:
        item = _resolved(schema["items"], self.root)
        one = _specimen(item, self.root)
        many = [one] * (schema["maxItems"] + 1)
        yield Wrong("too many", place, self._with(place, many))
        inner = _Walk(self.root, self._with(place, [one]))
        yield from inner._field(item, (*place, 0))

    def _with(self, place: Place, value: object) -> dict[str, Any]:
        changed = copy.deepcopy(self.whole)
        _at(changed, place)[place[-1]] = value
        return changed

    def _without(self, place: Place) -> dict[str, Any]:
        changed = copy.deepcopy(self.whole)
        _at(changed, place).pop(place[-1], None)
        return changed


def _at(whole: dict[str, Any], place: Place) -> Any:  # noqa: ANN401 - a place in some JSON
    at: Any = whole
    for part in place[:-1]:
        at = at[part]
    return at


# --- schemas --------------------------------------------------------------------------------------


def _entries(schema: Schema) -> list[Schema]:
    """Return what stands under the free names of an object."""
    free = schema.get("additionalProperties")
    return [*schema.get("patternProperties", {}).values(), *([free] if free else [])]


def _named(schema: Schema) -> bool:
    """Tell whether the free names of an object are bounded."""
    names = schema.get("propertyNames", {})
    return bool(BOUNDS & names.keys()) or schema.get("additionalProperties") is False


def _limited(schema: Schema) -> bool:
    """Tell whether a number is bounded on both sides."""
    least, most = {"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}
    return bool(least & schema.keys()) and bool(most & schema.keys())


def _beyond(schema: Schema, root: Schema) -> Iterator[tuple[str, object]]:
    """Return values of the right type that are out of bounds."""
    for one in _choices(schema, root):
        if "enum" in one or "const" in one:
            yield "no such word", "no-such-word"
        if "maxLength" in one:
            yield "too long", "x" * (one["maxLength"] + 1)
        if one.get("minLength"):
            yield "empty", ""
        if "pattern" in one:
            yield from (("pattern", "\u00e9 no/such;text"), ("newline", "abcdefgh\n"))
        if {"maxLength", "pattern"} & one.keys() and one.get("maxLength", 0) < LONG:
            yield "very long", "x" * LONG
        if "maximum" in one or "exclusiveMaximum" in one:
            most = one.get("maximum", one.get("exclusiveMaximum", 0) - 1)
            yield from (("too big", most + 1), ("huge", 10**300))
        if "minimum" in one:
            yield from (("too small", one["minimum"] - 1), ("far below", -(10**300)))
        yield from FORMATS.get(one.get("format", ""), {}).items()


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = {**root["$defs"][name], **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def _choices(schema: Schema, root: Schema) -> list[Schema]:
    """Return what the value may be, each by itself, but for null."""
    found = [_resolved(one, root) for one in schema.get("anyOf", schema.get("oneOf", ()))]
    return [one for one in found or [schema] if one.get("type") != "null"]


def _types(schema: Schema, root: Schema) -> set[str]:
    found = [_resolved(one, root) for one in schema.get("anyOf", schema.get("oneOf", ()))]
    return {str(one["type"]) for one in found or [schema] if "type" in one}


def _specimen(schema: Schema, root: Schema) -> Any:  # noqa: ANN401 - some JSON
    """Return a value that the schema allows."""
    one = _choices(schema, root)[0]
    if "enum" in one:
        return one["enum"][0]
    match one.get("type"):
        case "object":
            told = one.get("properties", {})
            needed = one.get("required", ())
            return {name: _specimen(_resolved(told[name], root), root) for name in needed}
        case "string":
            return one.get("const", "abcdefgh")
        case kind:
            return copy.deepcopy(SPECIMENS[str(kind)])
