"""Which bytes of a request are credentials, read the way the most lenient application would."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from typing import Final, Self
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


@dataclass(frozen=True, slots=True)
class Reading:
    """How the credentials of one identity source are found; made once, used for every request."""

    headers: frozenset[bytes]
    queries: frozenset[str]
    cookies: frozenset[bytes]
    any_cookie: bool
    ignored: re.Pattern[str] | None
    """Names of cookies that are left out."""

    @classmethod
    def of(cls, carriers: Carriers, ignored: Collection[str] = ()) -> Self:
        return cls(
            frozenset(header_key(name.encode()) for name in carriers.headers),
            frozenset(map(query_key, carriers.queries)),
            frozenset(name.lower().encode() for name in carriers.cookies),
            carriers.any_cookie,
            re.compile("|".join(translate(glob.lower()) for glob in ignored)) if ignored else None,
        )

    def fields(self, headers: RawHeaders) -> RawHeaders:
        """Return cookies less the ignored ones, then the declared headers, each as they came.

        Raises:
            MalformedRequest: a declared header or cookie occurs twice; peers may differ which
                counts.

        """
        cookies, declared = [], []
        for name, value in headers:
            key = name.lower()
            if key == b"cookie":
                cookies.append(value)
            elif self.headers and header_key(key) in self.headers:
                declared.append((name, value))
        _once([header_key(name) for name, _ in declared], "header")
        if self.cookies:
            names = [cookie_key(piece) for value in cookies for piece in value.split(b";")]
            _once([name for name in names if name in self.cookies], "cookie")
        kept = map(self._less, cookies) if self.any_cookie else ()
        return (*((b"Cookie", value) for value in kept if value.strip()), *declared)

    def parameters(self, query: str) -> tuple[str, ...]:
        """Return the declared parameters of a query; see `carried_queries`."""
        return carried_queries(query, self.queries) if self.queries and query else ()

    def _less(self, cookies: bytes) -> bytes:
        # What is left out must be a whole cookie to every parser, or it could hide another.
        if self.ignored is None or not _PLAIN_COOKIES.fullmatch(cookies):
            return cookies
        match = self.ignored.match
        pieces = [
            one for one in cookies.split(b";") if not match(cookie_key(one).decode("latin-1"))
        ]
        return b";".join(pieces).strip()


def carried_queries(query: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the parameters with these names, as they came, in order.

    Raises:
        MalformedRequest: one occurs twice, or only for some readers (`;` separates for a few).

    """
    keys = {query_key(name) for name in names}
    found = [piece for piece in query.split("&") if query_key(piece) in keys]
    other = [piece for piece in re.split("[&;]", query) if query_key(piece) in keys]
    _once(list(map(query_key, found)), "query parameter")
    if other != found or not all(_SENDABLE.fullmatch(piece) for piece in found):
        raise MalformedRequest("a declared query parameter can be read in two ways")
    return tuple(found)


def covers(glob: str, cookie: str) -> bool:
    """Tell whether a cookie of this name is one of those that the glob means."""
    return fnmatchcase(cookie.lower(), glob.lower())


def _once(names: list[str] | list[bytes], what: str) -> None:
    if len(set(names)) != len(names):
        raise MalformedRequest(f"a declared {what} occurs twice")
