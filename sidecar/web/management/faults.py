"""What is wrong with a call, by its place: all at once, and never what was sent."""

from collections.abc import Sequence
from typing import Any, Final, cast

from pydantic import ValidationError

from sidecar.core.api_errors import InputFault

MAX_FAULTS: Final = 20


def pointer(place: Sequence[str | int]) -> str:
    """Return the place as a JSON pointer (RFC 6901 §3)."""
    words = (str(part).replace("~", "~0").replace("/", "~1") for part in place)
    return "".join(f"/{word}" for word in words)


def faults(error: ValidationError, value: object = None) -> list[InputFault]:
    """Return what is wrong with a body, or with parameters where there is no body."""
    found = []
    for fault in error.errors(include_url=False, include_input=False)[:MAX_FAULTS]:
        place, said = fault["loc"], fault["msg"]
        detail = said[:1].lower() + said[1:].removeprefix("Value error, ")
        detail = detail.removeprefix("value error, ")
        if value is None:
            found.append(InputFault(detail, parameter=str(place[0]) if place else ""))
        else:
            missing = fault["type"] == "missing"
            found.append(InputFault(detail, pointer(_place(place, value, missing=missing))))
    return found


def _place(said: Sequence[str | int], value: object, *, missing: bool) -> list[str | int]:
    """Return where in the value a fault is; pydantic also names kinds that it could have been."""
    place: list[str | int] = []
    for part in said:
        try:
            value = cast("Any", value)[part]
        except (LookupError, TypeError):
            continue
        place.append(part)
    return [*place, said[-1]] if missing else place
