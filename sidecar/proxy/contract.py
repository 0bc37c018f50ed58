"""The header contract of requests: what goes on, and what is ours alone."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from sidecar.core.cookies import names_of_ours, normal
from sidecar.core.errors import MalformedRequest
from sidecar.core.protocols import RawHeaders
from sidecar.proxy.arrival import Arrival, Head, Origin, Ours, Recent
from sidecar.proxy.faults import UnsafeHead
from sidecar.proxy.headers import (
    CARRIES,
    COOKIES,
    HOP_BY_HOP,
    HOST,
    NOMINATES,
    PASSED,
    READ,
    ROUTE,
    SENT,
    UNDECLARED,
    Fates,
    block,
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

    def read(self, raw: RawHeaders, recent: Recent) -> "Fields":
        """Return what one pass over the fields of a request tells."""
        found = self._read(raw, recent)
        if found.signs & NOMINATES and (gone := _given_up(raw)):
            left = self._read(tuple(one for one in raw if one[0].lower() not in gone), recent)
            left.signs, left.hosts, left.routes = found.signs, found.hosts, found.routes
            return left
        return found

    def _read(self, raw: RawHeaders, recent: Recent) -> "Fields":
        fates, found = self._fates, Fields()
        read, sent, signs = found.read, found.sent, 0
        for one in raw:
            fate = fates[one[0]]
            signs |= fate
            if fate & _NOTED:
                found.note(fate, one)
            if fate & COOKIES and b"sidecar" in one[1].lower():
                if one[1] != recent.cookies[0]:
                    recent.cookies = (one[1], *_apart(one[1]))
                rest = recent.cookies[1]
                found.own(recent.cookies[2])
                if not rest:
                    continue
                one = (one[0], rest)  # noqa: PLW2901 - from here on the field is what is left of it
            if fate & READ:
                read.append(one)
            if fate & SENT:
                sent.append(b"%b: %b\r\n" % one)
        found.signs = signs
        return found

    def block(self, sent: list[bytes], origin: Origin, client: str) -> bytes:
        """Return the lines of a request as it goes on: what was sent, and what we say of it.

        Raises:
            MalformedRequest: a field could start a line of its own.

        """
        try:
            return _forwarded(origin, client, self.pseudonym) + joined(sent)
        except UnsafeHead as error:
            raise MalformedRequest("a field holds a control byte") from error

    def nobodys(self, arrival: Arrival) -> bytes:
        """Return the lines of a request without anything the application could know it by."""
        fates, carriers = self._fates, self.carriers
        sent = [
            b"%b: %b\r\n" % one
            for one in arrival.headers
            if fates[one[0]] & SENT and one[0].decode("latin-1").lower() not in carriers
        ]
        return self.block(sent, arrival.origin, arrival.client)

    def loops(self, head: Head) -> bool:
        """Tell whether this request already went through us."""
        return bool(head.signs & PASSED) and any(
            name.lower() == b"via" and self.pseudonym in value for name, value in head.headers
        )


def _given_up(raw: RawHeaders) -> frozenset[bytes]:
    """Return the fields that `Connection` names; those of proxies no client can take away."""
    return frozenset(name for name in nominated(raw) if not is_managed(name.decode("latin-1")))


@lru_cache(maxsize=256)
def _forwarded(origin: Origin, client: str, pseudonym: bytes) -> bytes:
    """Return what we say of a request ourselves: its host as judged, and how it came."""
    scheme, authority = origin.scheme.encode("ascii"), origin.authority.encode("ascii")
    port = authority.rpartition(b":")[2] if b":" in authority.rpartition(b"]")[2] else b""
    return block(
        (
            (b"Host", authority),
            (b"X-Forwarded-For", client.encode("ascii", "replace") or b"unknown"),
            (b"X-Forwarded-Proto", scheme),
            (b"X-Forwarded-Host", authority),
            (b"X-Forwarded-Port", port or (b"443" if scheme == b"https" else b"80")),
            (b"Via", b"1.1 " + pseudonym),
        )
    )


_NOTED: Final = HOST | ROUTE | CARRIES


@dataclass(slots=True)
class Fields:
    """The fields of one request, looked at once."""

    read: list[tuple[bytes, bytes]] = field(default_factory=list, repr=False)
    """End-to-end fields in order, without our cookies, as identity sources see them."""
    sent: list[bytes] = field(default_factory=list, repr=False)
    """The lines that go on."""
    ours: Ours = field(default_factory=dict, repr=False)
    carried: RawHeaders = field(default=(), repr=False)
    """Those by which anybody could be known, as they came."""
    hosts: list[bytes] = field(default_factory=list)
    routes: list[bytes] = field(default_factory=list)
    """What proxies say of where the request came from."""
    signs: int = 0

    def note(self, fate: int, one: tuple[bytes, bytes]) -> None:
        """A field is one of those that are looked for by name."""
        if fate & CARRIES:
            self.carried += (one,)
        elif fate & HOST:
            self.hosts.append(one[1])
        elif fate & ROUTE:
            self.routes.append(one[1])

    def own(self, ours: Ours) -> None:
        """Cookies of ours came in one Cookie field, perhaps not the only one."""
        if not self.ours:
            self.ours = ours
            return
        names = self.ours.keys() | ours.keys()
        self.ours = {name: [*self.ours.get(name, ()), *ours.get(name, ())] for name in names}


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
        if lower == b"cookie" or name in contract.carriers or name in contract.owned:
            fate |= CARRIES
        fate |= {b"host": HOST, b"x-forwarded-for": ROUTE}.get(lower, 0)
        ours = is_managed(name) and name not in contract.keep
        framing = lower in (b"host", b"content-length")
        return fate if ours or framing or name in contract.owned else fate | SENT


_OUR_COOKIES: Final = names_of_ours()


def _apart(value: bytes) -> tuple[bytes, Ours]:
    """Return what is left of a Cookie field without our cookies, and ours.

    Cut at `;` only: a parser that understands quotes would read other names than applications do.
    """
    parts, kept, ours = value.split(b";"), [], dict[str, list[str]]()
    for part in parts:
        name, _, text = part.partition(b"=")
        shown = name.decode("latin-1").strip()
        if normal(shown) in _OUR_COOKIES:
            ours.setdefault(shown, []).append(text.decode("latin-1").strip())
        else:
            kept.append(part)
    return value if len(kept) == len(parts) else b";".join(kept).strip(b" \t"), ours
