"""One request path, every way an application may read it.

A rule is matched against every reading, because an application may decode, clean or fold a path
differently than we do; what goes on are the raw bytes.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, reduce
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from sidecar.core.errors import MalformedRequest

_PLAIN = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[!\"$&-.0-:<->@\[\]^-~]+)+|/")
_NEVER = re.compile(r"[^\x21-\x7e]|[?#]|%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_DOTS = re.compile(r"/\.{1,2}(?:[/;?#\x00-\x1f\x7f]|\Z)")
_TAIL = re.compile(r"[?#\x00-\x1f\x7f].*", re.DOTALL)
_OVERLONG = re.compile("[\udcc0\udcc1]|\udce0[\udc80-\udc9f]|\udcf0[\udc80-\udc8f]")
"""Escapes that are no UTF-8 but that careless decoders read as a slash or a dot (RFC 3629 §10)."""

MOST_WORK = 65_536
"""Bound on the sum over all readings of one path of their length and `_WORK_EACH`.

A path of 8 KiB may have 7 readings, a short one some 200; honest ones have fewer than ten.
"""
_WORK_EACH = 256


class PathClass(StrEnum):
    """A kind of path that applications are known to disagree about."""

    BACKSLASH = "backslash"
    DOT_SEGMENT = "dot_segment"
    ENCODED_CONTROL = "encoded_control"
    DOUBLE_ENCODING = "double_encoding"
    ENCODED_SLASH = "encoded_slash"
    DOUBLE_SLASH = "double_slash"
    SEMICOLON = "semicolon"


class Treatment(StrEnum):
    """What becomes of a path class: refused with 400, or judged under every reading."""

    REFUSE = "refuse"
    READ = "read"


DEFAULT_TREATMENTS: Mapping[PathClass, Treatment] = {
    PathClass.BACKSLASH: Treatment.REFUSE,
    PathClass.DOT_SEGMENT: Treatment.REFUSE,
    PathClass.ENCODED_CONTROL: Treatment.REFUSE,
    PathClass.DOUBLE_ENCODING: Treatment.REFUSE,
    PathClass.ENCODED_SLASH: Treatment.READ,
    PathClass.DOUBLE_SLASH: Treatment.READ,
    PathClass.SEMICOLON: Treatment.READ,
}

Reading = Callable[[str], str]


def decode(path: str) -> str:
    """Return the path with each percent escape decoded once."""
    if "%" not in path:
        return path
    raw = unquote_to_bytes(path.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def slash_backslashes(path: str) -> str:
    """Return the path as servers read it that take a backslash for a slash."""
    return path.replace("\\", "/")


def cut_tail(path: str) -> str:
    """Return the path up to a decoded `?`, `#` or control byte.

    Applications that split a decoded path again stop at the first two, C strings at NUL, and a
    regular expression's `$` before a line feed.
    """
    return _TAIL.sub("", path)


def drop_parameters(path: str) -> str:
    """Return the path without `;parameters`, as servlet containers match it."""
    return re.sub(r";[^/]*", "", path) if ";" in path else path


def merge_slashes(path: str) -> str:
    """Return the path with runs of slashes merged."""
    return re.sub(r"/{2,}", "/", path) if "//" in path else path


def resolve_dots(path: str) -> str:
    """Return the path with dot segments resolved (RFC 3986 §5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def drop_trailing_slash(path: str) -> str:
    """Return the path without slashes at its end, as frameworks match it that ignore them."""
    return (path.rstrip("/") or "/") if path.endswith("/") else path


def fold_case(path: str) -> str:
    """Return the path as servers match it that ignore case."""
    return path.casefold()


READINGS: tuple[Reading, ...] = (
    decode,
    slash_backslashes,
    cut_tail,
    drop_parameters,
    merge_slashes,
    resolve_dots,
    drop_trailing_slash,
    fold_case,
)
"""An application may do any of them, in any order, and some more than once."""


@lru_cache(maxsize=64)
def is_plain(path: str) -> bool:
    """Tell whether the path has one reading: lower case, no escapes, no empty or dot segment.

    Asked several times about each request, hence the short memory.
    """
    return _PLAIN.fullmatch(path) is not None


def refuse(path: str, treatments: Mapping[PathClass, Treatment]) -> None:
    """Return only for a path that may be judged at all.

    Raises:
        MalformedRequest: bytes that no URI has, or a class that the upstream's settings refuse.

    """
    if not path.startswith("/") or _NEVER.search(path):
        message = "path has bytes that no URI path has"
        raise MalformedRequest(message)
    if "%" in path:
        _refuse_escapes(decode(decode(path)))
    for kind in classes_of(path):
        if treatments[kind] is Treatment.REFUSE:
            message = f"path class {kind.value} is refused"
            raise MalformedRequest(message)


def _refuse_escapes(deepest: str) -> None:
    """Return only for what two decodings leave of a path that has none of the worst escapes.

    Raises:
        MalformedRequest: encoded three times, or overlong, which no setting makes readable.

    """
    if _ESCAPE.search(deepest) or _OVERLONG.search(deepest):
        message = "path has escapes that no application should decode"
        raise MalformedRequest(message)


def classes_of(path: str) -> frozenset[PathClass]:
    """Return the disputed classes this path belongs to, under its deepest reading."""
    once = decode(path)
    deep = decode(once)
    slashed = slash_backslashes(deep)
    found = {
        PathClass.BACKSLASH: "\\" in deep,
        PathClass.DOT_SEGMENT: _DOTS.search(slashed) is not None,
        PathClass.ENCODED_CONTROL: _CONTROL.search(deep) is not None,
        PathClass.DOUBLE_ENCODING: _ESCAPE.search(once) is not None,
        PathClass.ENCODED_SLASH: "%2f" in path.lower() or "%2f" in once.lower(),
        PathClass.DOUBLE_SLASH: "//" in slashed or "//" in drop_parameters(slashed),
        PathClass.SEMICOLON: ";" in deep,
    }
    return frozenset(kind for kind, present in found.items() if present)


@dataclass(frozen=True, slots=True)
class View:
    """One reading of a path and the shortest sequence of steps that leads to it."""

    path: str
    steps: tuple[Reading, ...]


def put_through(text: str, steps: tuple[Reading, ...]) -> str:
    """Return the text after these steps, in order."""
    return reduce(lambda value, step: step(value), steps, text)


def views(path: str) -> tuple[View, ...]:
    """Return every distinct reading of the path, the raw one first.

    Raises:
        MalformedRequest: there are more than anybody needs (`MOST_WORK`).

    """
    if is_plain(path):
        return (View(path, ()),)
    shortest: dict[str, tuple[Reading, ...]] = {path: ()}
    for seen, moves in readings(path).items():
        for step, after in moves.items():
            shortest.setdefault(after, (*shortest[seen], step))
    return tuple(View(seen, steps) for seen, steps in shortest.items())


def readings(path: str) -> dict[str, dict[Reading, str]]:
    """Return every distinct reading of the path and what each step makes of it.

    Raises:
        MalformedRequest: there are more than anybody needs (`MOST_WORK`).

    """
    return spread(path, lambda seen, step: step(seen), lambda seen: len(seen) + _WORK_EACH)


State = TypeVar("State", bound=Hashable)


def spread(
    start: State, take: Callable[[State, Reading], State], cost: Callable[[State], int]
) -> dict[State, dict[Reading, State]]:
    """Return all that the steps make of the start, in any order and number, and how.

    Raises:
        MalformedRequest: the sum of the costs is above `MOST_WORK`.

    """
    found: dict[State, dict[Reading, State]] = {}
    waiting, known = [start], {start}
    work = 0
    for state in waiting:
        work += cost(state)
        if work > MOST_WORK:
            raise MalformedRequest("path can be read in too many ways")
        found[state] = {step: take(state, step) for step in READINGS}
        fresh = dict.fromkeys(after for after in found[state].values() if after not in known)
        known.update(fresh)
        waiting.extend(fresh)
    return found
