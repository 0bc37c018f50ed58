"""One request as every step after `receive` sees it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.core import cookies
from sidecar.core.model import TokenHash
from sidecar.core.protocols import RawHeaders, RequestView
from sidecar.proxy.known import Said


@dataclass(frozen=True, slots=True)
class Origin:
    """One origin at which browsers reach us."""

    scheme: str
    authority: str
    """Lower case, without the scheme's default port."""
    host: str = field(init=False, compare=False)
    """The authority without its port, as rules and upstreams name hosts."""
    _text: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        six = self.authority.startswith("[")
        end = self.authority.partition("]")[0] + "]" if six else self.authority.partition(":")[0]
        object.__setattr__(self, "host", end)
        object.__setattr__(self, "_text", f"{self.scheme}://{self.authority}")

    def __str__(self) -> str:
        return self._text


def new_request_id() -> str:
    """Return a name for one request, by which logs and error pages are matched."""
    return secrets.token_hex(8)


@dataclass(slots=True)
class Recent:
    """What a connection said last: most say the same again with every request."""

    headers: RawHeaders = field(default=(), repr=False)
    head: "Head | None" = field(default=None, repr=False)


@dataclass(slots=True)
class Inbound:
    """One request head as it was parsed: exact bytes, nothing interpreted.

    Made for every request, and so not frozen: that would take three times as long.
    """

    method: str
    target: str
    """The raw request target; bytes that are not ASCII appear as surrogate escapes."""
    version: tuple[int, int]
    headers: RawHeaders = field(repr=False)
    peer: str
    """Address of the TCP peer, empty for a unix socket."""
    secure: bool
    """TLS ended at this listener."""
    upgrade: bool
    """A WebSocket handshake: GET, HTTP/1.1, matching Upgrade and Connection tokens."""
    has_body: bool
    peer_verified: bool = False
    """The peer proved itself with a client certificate that the listener's CA signed."""
    recent: Recent = field(default_factory=Recent, repr=False)
    """What is known of the connection's last request."""


@dataclass(slots=True)
class Head:
    """What the fields of a request say, whatever is asked for.

    A connection that sends the same fields again is not read again (`Recent`), so what later steps
    find out from fields alone is kept here too.
    """

    origin: Origin
    client: str
    headers: RawHeaders = field(repr=False)
    """End-to-end fields in order, without our cookies."""
    ours: Mapping[str, list[str]] = field(repr=False)
    block: bytes = field(repr=False)
    """The lines that go on, but for what we vouch for."""
    signs: int
    """What `headers` tells of all fields together."""
    navigation: bool = field(init=False)
    """Whether a person opens a page; by Mode, never by Dest (service workers empty it)."""
    session: TokenHash | None = field(init=False, repr=False, default=None)
    """The stored form of our session cookie, once it was found to be one of ours."""
    said: Said | None = field(init=False, repr=False, default=None)
    """What identity sources last said of these fields; it counts for as long as its answers do."""

    def __post_init__(self) -> None:
        mode = self.header(b"sec-fetch-mode")
        self.navigation = mode == "navigate" or (
            not mode
            and "text/html" in self.header(b"accept")
            and not self.header(b"x-requested-with")
        )

    def header(self, wanted: bytes) -> str:
        """Return the first value of a field as text, or nothing; the name in lower case."""
        for key, value in self.headers:
            if key.lower() == wanted:
                return value.decode("latin-1")
        return ""


class Arrival:
    """One request as everything after `receive` sees it."""

    __slots__ = ("_id", "_view", "head", "inbound", "method", "origin", "path", "query")

    def __init__(self, inbound: Inbound, head: Head, path: str, query: str | None) -> None:
        self.inbound = inbound
        self.method = inbound.method
        self.head = head
        self.origin = head.origin
        self.path = path
        self.query = query
        """Byte for byte; None where the target had no `?`."""
        self._id = ""
        self._view: RequestView | None = None

    def __repr__(self) -> str:
        return f"Arrival({self.method} {self.head.origin}{self.path})"

    @property
    def request_id(self) -> str:
        """A name for this request, by which logs and error pages are matched."""
        if not self._id:
            self._id = new_request_id()
        return self._id

    @property
    def target(self) -> bytes:
        """The origin-form target: the raw bytes that were judged are the bytes that go on."""
        tail = "" if self.query is None else f"?{self.query}"
        return (self.path + tail).encode("utf-8", "surrogateescape")

    @property
    def client(self) -> str:
        return self.head.client

    @property
    def headers(self) -> RawHeaders:
        return self.head.headers

    @property
    def navigation(self) -> bool:
        return self.head.navigation

    def header(self, name: str) -> str:
        """Return the first value of a field as text, or nothing."""
        return self.head.header(name.encode("ascii"))

    def cookie(self, plain: str) -> str:
        """Return the value of one of our cookies; a doubled one counts as none (THREATS 24)."""
        name = cookies.CookieJar(secure=self.origin.scheme == "https").name(plain)
        values = self.head.ours.get(name, [])
        return values[0] if len(values) == 1 else ""

    @property
    def same_origin(self) -> bool:
        """Whether the request was not made by another site's page."""
        return self.header("sec-fetch-site") in {"", "none", "same-origin"}

    @property
    def preflight(self) -> bool:
        """Whether this is a CORS preflight: all three signs, or it is an ordinary request."""
        return (
            self.method == "OPTIONS"
            and bool(self.header("origin"))
            and bool(self.header("access-control-request-method"))
        )

    def view(self, upstream: str) -> RequestView:
        """Return what identity sources see."""
        if self._view is None or self._view.upstream != upstream:
            self._view = RequestView(
                method=self.method,
                path=self.path,
                query=self.query or "",
                host=self.origin.authority,
                scheme=self.origin.scheme,
                headers=self.headers,
                peer=self.inbound.peer,
                client=self.client,
                peer_verified=self.inbound.peer_verified,
                upstream=upstream,
            )
        return self._view
