"""The header contract of requests: what goes on, and what is ours alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sidecar.core.cookies import names_of_ours, normal
from sidecar.core.errors import MalformedRequest
from sidecar.core.protocols import RawHeaders
from sidecar.proxy.arrival import Arrival, Head, Origin
from sidecar.proxy.faults import UnsafeHead
from sidecar.proxy.headers import (
    COOKIES,
    HOP_BY_HOP,
    NOMINATES,
    PASSED,
    READ,
    SENT,
    UNDECLARED,
    Fates,
    is_managed,
    joined,
    nominated,
)


@dataclass(frozen=True, slots=True)
class Contract:
    """What may leave towards the application, fixed at start; names are lower case."""

    keep: frozenset[str] = frozenset()
    """Managed names that a source declared as credentials."""
    owned: frozenset[str] = frozenset()
    """Names that only a source may believe."""
    carriers: frozenset[str] = frozenset({"cookie"})
    """Every header that could carry a credential, for requests passed on as nobody."""
    undeclared: frozenset[str] = frozenset()
    """Headers that could carry a credential, and that no source declares."""
    pseudonym: bytes = b"sidecar"
    """Our name in `Via` (RFC 9110 §7.6.3)."""
    _fates: "_RequestFates" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_fates", _RequestFates(self))

    def read(self, raw: RawHeaders) -> "Fields":
        """Return what one pass over the fields of a request tells."""
        found = self._read(raw)
        if found.signs & NOMINATES and (gone := nominated(raw)):
            left = self._read(tuple(one for one in raw if one[0].lower() not in gone))
            left.signs = found.signs
            return left
        return found

    def _read(self, raw: RawHeaders) -> "Fields":
        fates, found = self._fates, Fields()
        read, sent, signs = found.read, found.sent, 0
        for one in raw:
            fate = fates[one[0]]
            signs |= fate
            if fate & COOKIES and b"sidecar" in one[1].lower():
                rest = _without_ours(one[1], found.ours)
                if not rest:
                    continue
                one = (one[0], rest)  # noqa: PLW2901 - from here on the field is what is left of it
            if fate & READ:
                read.append(one)
            if fate & SENT:
                sent.append(b"%b: %b\r\n" % one)
        found.signs = signs
        return found

    def forwarded(self, origin: Origin, client: str) -> RawHeaders:
        """Return what we say of the request ourselves: its host as judged, and how it came."""
        scheme, authority = origin.scheme.encode("ascii"), origin.authority.encode("ascii")
        port = authority.rpartition(b":")[2] if b":" in authority.rpartition(b"]")[2] else b""
        return (
            (b"Host", authority),
            (b"X-Forwarded-For", client.encode("ascii", "replace") or b"unknown"),
            (b"X-Forwarded-Proto", scheme),
            (b"X-Forwarded-Host", authority),
            (b"X-Forwarded-Port", port or (b"443" if scheme == b"https" else b"80")),
            (b"Via", b"1.1 " + self.pseudonym),
        )

    def block(self, sent: Iterable[bytes], origin: Origin, client: str) -> bytes:
        """Return the lines of a request as it goes on: what was sent, and what we say of it.

        Raises:
            MalformedRequest: a field could start a line of its own.

        """
        ours = (b"%b: %b\r\n" % one for one in self.forwarded(origin, client))
        try:
            return joined([*ours, *sent])
        except UnsafeHead as error:
            raise MalformedRequest("a field holds a control byte") from error

    def nobodys(self, arrival: Arrival) -> bytes:
        """Return the lines of a request without anything the application could know it by."""
        fates, carriers = self._fates, self.carriers
        sent = (
            b"%b: %b\r\n" % one
            for one in arrival.headers
            if fates[one[0]] & SENT and one[0].decode("latin-1").lower() not in carriers
        )
        return self.block(sent, arrival.origin, arrival.client)

    def loops(self, head: Head) -> bool:
        """Tell whether this request already went through us."""
        return bool(head.signs & PASSED) and any(
            name.lower() == b"via" and self.pseudonym in value for name, value in head.headers
        )


@dataclass(slots=True)
class Fields:
    """The fields of one request, looked at once."""

    read: list[tuple[bytes, bytes]] = field(default_factory=list, repr=False)
    """End-to-end fields in order, without our cookies, as identity sources see them."""
    sent: list[bytes] = field(default_factory=list, repr=False)
    """The lines that go on."""
    ours: dict[str, list[str]] = field(default_factory=dict, repr=False)
    """Our cookies' values by name, as sent."""
    signs: int = 0


class _RequestFates(Fates):
    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def judge(self, lower: bytes) -> int:
        """Return the fate of a name.

        One with `_` or `.` reaches some applications as the name with `-`, so it can stand in for
        any name we own (CVE-2025-64484): all of them are dropped.
        """
        contract, name = self._contract, lower.decode("latin-1")
        fate = UNDECLARED if name in contract.undeclared else 0
        if lower == b"connection":
            return fate | NOMINATES
        if b"_" in lower or b"." in lower or lower in HOP_BY_HOP:
            return fate
        fate |= READ | (COOKIES if lower == b"cookie" else 0) | (PASSED if lower == b"via" else 0)
        ours = is_managed(name) and name not in contract.keep
        framing = lower in (b"host", b"content-length")
        return fate if ours or framing or name in contract.owned else fate | SENT


_OUR_COOKIES: Final = names_of_ours()


def _without_ours(value: bytes, ours: dict[str, list[str]]) -> bytes:
    """Return a Cookie header less our cookies, which are collected in `ours`.

    Cut at `;` only: a parser that understands quotes would read other names than applications do.
    """
    parts = value.split(b";")
    kept = []
    for part in parts:
        name, _, text = part.partition(b"=")
        shown = name.decode("latin-1").strip()
        if normal(shown) in _OUR_COOKIES:
            ours.setdefault(shown, []).append(text.decode("latin-1").strip())
        else:
            kept.append(part)
    if len(kept) == len(parts):
        return value
    return b";".join(kept).strip(b" \t")
