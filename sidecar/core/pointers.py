"""JSON from outside, read strictly, and the places in it that a configuration names."""

import json
from typing import Final, NoReturn

MISSING: Final = object()
"""What stands where nothing stands; JSON's null is something."""


def read_json(text: bytes) -> object:
    """Return the document, which has one meaning to every reader.

    Raises:
        ValueError: no JSON, nested too deep, a name twice in an object, or no number of JSON's.

    """
    try:
        document: object = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return document


def at(document: object, pointer: str) -> object:
    """Return what stands at a JSON Pointer, or `MISSING`. Source: RFC 6901 §4."""
    found = document
    for part in pointer.split("/")[1:]:
        found = _below(found, part.replace("~1", "/").replace("~0", "~"))
    return found


def same(left: object, right: object) -> bool:
    """Tell whether two values are the same JSON: `true` is not 1."""
    if left is MISSING or right is MISSING:
        return left is right
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _below(value: object, key: str) -> object:
    if isinstance(value, dict):
        return value.get(key, MISSING)
    if isinstance(value, list) and key in map(str, range(len(value))):
        return value[int(key)]
    return MISSING


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
