"""Which bytes of a request are credentials, read the way the most lenient application would."""

import re
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import unquote_plus

from sidecar.core.errors import MalformedRequest
from sidecar.core.protocols import Carriers, RawHeaders

_PLAIN_COOKIES: Final = re.compile(rb"[^\",\\]*")
"""Without the characters at which parsers disagree where a cookie ends."""
_SENDABLE: Final = re.compile(r"[!\"$-~]+")
"""A piece of a query that can stand in a request line: printable, no space, no fragment."""


def header_key(name: bytes) -> bytes:
    """Return the one spelling of a header's name: many applications read `_` as `-`."""
    return name.lower().replace(b"_", b"-")


def query_key(piece: str) -> str:
    """Return the name of a query parameter as the most lenient reader (PHP) takes it."""
    name = unquote_plus(piece.partition("=")[0]).lstrip().partition("[")[0]
    return re.sub(r"[. ]", "_", name).lower()


def cookie_key(piece: bytes) -> bytes:
    """Return the name of one `name=value` piece of a Cookie header, in lower case."""
    return piece.partition(b"=")[0].strip().lower()


def carried_headers(
    headers: RawHeaders, carriers: Carriers, ignored: Collection[str]
) -> RawHeaders:
    """Return the declared headers and all cookies that are not ignored, as they came, in order.

    Raises:
        MalformedRequest: a declared header or cookie occurs twice; peers may differ which counts.

    """
    names = {header_key(name.encode()) for name in carriers.headers}
    declared = [(name, value) for name, value in headers if header_key(name) in names]
    _once((header_key(name) for name, _ in declared), "header")
    found = list(_cookies(headers))
    logins = {name.lower().encode() for name in carriers.cookies}
    _once((one for value in found for one in _cookie_keys(value) if one in logins), "cookie")
    whole = [(b"Cookie", _less(value, ignored)) for value in found if carriers.any_cookie]
    return (*((name, value) for name, value in whole if value.strip()), *declared)


def carried_queries(query: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the declared parameters as they came, in order.

    Raises:
        MalformedRequest: one occurs twice, or only for some readers (`;` separates for a few).

    """
    keys = {query_key(name) for name in names}
    found = [piece for piece in query.split("&") if query_key(piece) in keys]
    _once(map(query_key, found), "query parameter")
    other = [piece for piece in re.split("[&;]", query) if query_key(piece) in keys]
    if other != found or not all(_SENDABLE.fullmatch(piece) for piece in found):
        raise MalformedRequest("a declared query parameter can be read in two ways")
    return tuple(found)


def covers(glob: str, cookie: str) -> bool:
    """Tell whether a cookie of this name is one of those that the glob means."""
    return fnmatchcase(cookie.lower(), glob.lower())


def _cookies(headers: RawHeaders) -> Iterator[bytes]:
    return (value for name, value in headers if header_key(name) == b"cookie")


def _cookie_keys(cookies: bytes) -> Iterator[bytes]:
    return map(cookie_key, cookies.split(b";"))


def _less(cookies: bytes, ignored: Collection[str]) -> bytes:
    """Leave out ignored cookies, but only where each piece is a whole cookie to every parser."""
    if not ignored or not _PLAIN_COOKIES.fullmatch(cookies):
        return cookies
    pieces = [piece for piece in cookies.split(b";") if not _ignored(piece, ignored)]
    return b";".join(pieces).strip()


def _ignored(piece: bytes, globs: Collection[str]) -> bool:
    return any(covers(glob, cookie_key(piece).decode("latin-1")) for glob in globs)


def _once(names: Iterable[object], what: str) -> None:
    listed = list(names)
    if len(set(listed)) != len(listed):
        raise MalformedRequest(f"a declared {what} occurs twice")
