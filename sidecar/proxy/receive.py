"""A parsed request head becomes an Arrival: one host, one client, one path, our names removed."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from sidecar.core import cookies
from sidecar.core.errors import MalformedRequest, MisdirectedRequest
from sidecar.core.policy import Network
from sidecar.core.protocols import RawHeaders, RequestView
from sidecar.proxy.headers import end_to_end, split_cookies
from sidecar.proxy.verdicts import Inbound

_AUTHORITY = re.compile(r"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_DEFAULT_PORT = {"http": "80", "https": "443"}
_MAX_HOPS = 30


@dataclass(frozen=True, slots=True)
class Origin:
    """One origin at which browsers reach us."""

    scheme: str
    authority: str
    """Lower case, without the scheme's default port."""

    @property
    def host(self) -> str:
        """The authority without its port, as rules and upstreams name hosts."""
        if self.authority.startswith("["):
            return self.authority.partition("]")[0] + "]"
        return self.authority.partition(":")[0]

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def plain_authority(authority: str, scheme: str) -> str:
    """Return host[:port] as it is compared: lower case, no trailing dot, no default port.

    Raises:
        MalformedRequest: it is no authority, or carries user information (THREATS 13).

    """
    hit = _AUTHORITY.fullmatch(authority)
    if hit is None:
        message = "host is not an authority"
        raise MalformedRequest(message)
    host, port = hit[1].lower().removesuffix("."), hit[2]
    return host if port in {None, _DEFAULT_PORT[scheme]} else f"{host}:{port}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as everything after `receive` sees it."""

    request_id: str
    inbound: Inbound = field(repr=False)
    origin: Origin
    path: str
    query: str | None
    """Byte for byte; None where the target had no `?`."""
    client: str
    headers: RawHeaders = field(repr=False)
    """End-to-end fields in order, without our cookies."""
    ours: Mapping[str, list[str]] = field(repr=False)

    @property
    def method(self) -> str:
        """The request method, as sent."""
        return self.inbound.method

    @property
    def target(self) -> bytes:
        """The origin-form target: the raw bytes that were judged are the bytes that go on."""
        tail = "" if self.query is None else f"?{self.query}"
        return (self.path + tail).encode("utf-8", "surrogateescape")

    def header(self, name: str) -> str:
        """Return the first value of a field as text, or nothing."""
        wanted = name.encode("ascii")
        for key, value in self.headers:
            if key.lower() == wanted:
                return value.decode("latin-1")
        return ""

    def cookie(self, plain: str) -> str:
        """Return the value of one of our cookies; a doubled one counts as none (THREATS 24)."""
        name = cookies.CookieJar(secure=self.origin.scheme == "https").name(plain)
        values = self.ours.get(name, [])
        return values[0] if len(values) == 1 else ""

    @property
    def navigation(self) -> bool:
        """Whether a person opens a page; by Mode, never by Dest (service workers empty it)."""
        mode = self.header("sec-fetch-mode")
        if mode:
            return mode == "navigate"
        return "text/html" in self.header("accept") and not self.header("x-requested-with")

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
        return RequestView(
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


def new_request_id() -> str:
    """Return a name for one request, by which logs and error pages are matched."""
    return secrets.token_hex(8)


class Receiver:
    """Reads request heads under this installation's origins and declared proxies."""

    def __init__(self, origins: tuple[Origin, ...], proxies: tuple[Network, ...]) -> None:
        self._origins = {(origin.scheme, origin.authority): origin for origin in origins}
        self._proxies = proxies

    def receive(self, inbound: Inbound) -> Arrival:
        """Return the request under its one reading.

        Raises:
            MalformedRequest: target or Host can be read in more than one way.
            MisdirectedRequest: the Host is none of ours.

        """
        authority, target = self._target(inbound)
        path, mark, query = target.partition("?")
        headers, ours = split_cookies(end_to_end(inbound.headers))
        return Arrival(
            request_id=new_request_id(),
            inbound=inbound,
            origin=self._origin(inbound, authority),
            path=path,
            query=query if mark else None,
            client=self._client(inbound),
            headers=headers,
            ours=ours,
        )

    @staticmethod
    def _target(inbound: Inbound) -> tuple[str, str]:
        """Return authority and origin-form target (RFC 9112 §3.2)."""
        hosts = [value for name, value in inbound.headers if name.lower() == b"host"]
        if len(hosts) > 1 or (not hosts and inbound.version != (1, 0)):
            message = "not exactly one Host"
            raise MalformedRequest(message)
        host = hosts[0].decode("latin-1") if hosts else ""
        if inbound.target.startswith("/"):
            return host, inbound.target
        absolute = _ABSOLUTE.fullmatch(inbound.target)
        if absolute is None:
            message = "target is neither a path nor a URL"
            raise MalformedRequest(message)
        scheme, authority, rest = absolute[1].lower(), absolute[2], absolute[3]
        if host and plain_authority(authority, scheme) != plain_authority(host, scheme):
            message = "target and Host name different authorities"
            raise MalformedRequest(message)
        return authority, rest if rest.startswith("/") else f"/{rest}"

    def _origin(self, inbound: Inbound, authority: str) -> Origin:
        """Return which of our origins was asked; https wins where both have the host."""
        for scheme in ("https", "http"):
            found = self._origins.get((scheme, plain_authority(authority, scheme)))
            if found is not None and (scheme == "https" or not inbound.secure):
                return found
        message = "host is not ours"
        raise MisdirectedRequest(message)

    def _client(self, inbound: Inbound) -> str:
        """Return the nearest address that no declared proxy vouches for (THREATS 21, 22).

        Read from the right; what is no address ends the reading with none, since the proxy's own
        address could lie in a network that the rules trust.
        """
        client = _plain_address(inbound.peer)
        said = [value for name, value in inbound.headers if name.lower() == b"x-forwarded-for"]
        if not said or not self._trusted(client):
            return client
        for element in reversed(b",".join(said).decode("latin-1").split(",")[-_MAX_HOPS:]):
            client = _plain_address(element.strip())
            if not self._trusted(client):
                break
        return client

    def _trusted(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address.version == net.version and address in net for net in self._proxies)


def _plain_address(text: str) -> str:
    """Return the address without port and in its own family; nothing for what is none."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    try:
        address = ip_address(host.partition(":")[0] if host.count(":") == 1 else host)
    except ValueError:
        return ""
    # A socket for both families names an IPv4 peer `::ffff:192.0.2.1`.
    return str(getattr(address, "ipv4_mapped", None) or address)
