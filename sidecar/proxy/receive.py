"""A parsed request head becomes an Arrival: one host, one client, one path, our names removed."""

import re
from functools import lru_cache
from ipaddress import ip_address

from sidecar.core.errors import MalformedRequest, MisdirectedRequest
from sidecar.core.policy import Network
from sidecar.proxy.arrival import Arrival, Credentials, Head, Inbound, Origin
from sidecar.proxy.contract import Contract, Fields

_AUTHORITY = re.compile(r"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_DEFAULT_PORT = {"http": "80", "https": "443"}
_MAX_HOPS = 30
_SPELLINGS_KEPT = 64


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


class Receiver:
    """Reads request heads under this installation's origins and declared proxies."""

    def __init__(
        self,
        origins: tuple[Origin, ...],
        proxies: tuple[Network, ...],
        contract: Contract | None = None,
    ) -> None:
        self._origins = {(origin.scheme, origin.authority): origin for origin in origins}
        self._proxies = proxies
        self._contract = contract or Contract()
        self._asked: dict[tuple[str, bool], Origin] = {}
        """Found by a Host as it was spelled, without reading it again."""

    def receive(self, inbound: Inbound) -> Arrival:
        """Return the request under its one reading.

        Raises:
            MalformedRequest: target or Host can be read in more than one way.
            MisdirectedRequest: the Host is none of ours.

        """
        target, recent = inbound.target, inbound.recent
        if not target.startswith("/"):
            return self._absolute(inbound)
        head = recent.head
        if head is None or recent.headers != inbound.headers:
            head = self._read(inbound, "")
            recent.headers, recent.head = inbound.headers, head
        return _arrival(inbound, head, target)

    def _absolute(self, inbound: Inbound) -> Arrival:
        """Return a request for a whole URL, whose authority is the one that counts."""
        absolute = _ABSOLUTE.fullmatch(inbound.target)
        if absolute is None:
            raise MalformedRequest("target is neither a path nor a URL")
        authority, rest = absolute[2], absolute[3]
        if not authority:
            raise MalformedRequest("a URL without an authority")
        head = self._read(inbound, authority, absolute[1].lower())
        return _arrival(inbound, head, rest if rest.startswith("/") else f"/{rest}")

    def _read(self, inbound: Inbound, authority: str, scheme: str = "") -> Head:
        """Return what the fields say; a target's `authority` stands for that of Host."""
        recent = inbound.recent
        fields = self._contract.read(inbound.headers, recent)
        host = _host(inbound, fields)
        if (
            authority
            and host
            and plain_authority(authority, scheme) != plain_authority(host, scheme)
        ):
            raise MalformedRequest("target and Host name different authorities")
        origin = self._origin(authority or host, secure=inbound.secure)
        client = self._client(inbound.peer, fields.routes)
        block = self._contract.block(fields.sent, origin, client)
        known = recent.credentials
        if known is None or known.carried != fields.carried or known.origin is not origin:
            known = recent.credentials = Credentials(origin, fields.carried, fields.ours)
        return Head(origin, client, tuple(fields.read), block, fields.signs, known)

    def _origin(self, authority: str, *, secure: bool) -> Origin:
        """Return which of our origins was asked; https wins where both have the host."""
        found = self._asked.get((authority, secure))
        if found is not None:
            return found
        for scheme in ("https", "http"):
            found = self._origins.get((scheme, plain_authority(authority, scheme)))
            if found is not None and (scheme == "https" or not secure):
                if len(self._asked) < _SPELLINGS_KEPT:
                    self._asked[authority, secure] = found
                return found
        raise MisdirectedRequest("host is not ours")

    def _client(self, peer: str, routes: list[bytes]) -> str:
        """Return the nearest address that no declared proxy vouches for (THREATS 21, 22).

        Read from the right; what is no address ends the reading with none, since the proxy's own
        address could lie in a network that the rules trust.
        """
        client = _plain_address(peer)
        if not routes or not self._trusted(client):
            return client
        for element in reversed(b",".join(routes).decode("latin-1").split(",")[-_MAX_HOPS:]):
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


@lru_cache(maxsize=4096)
def _plain_address(text: str) -> str:
    """Return the address without port and in its own family; nothing for what is none."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    try:
        address = ip_address(host.partition(":")[0] if host.count(":") == 1 else host)
    except ValueError:
        return ""
    # A socket for both families names an IPv4 peer `::ffff:192.0.2.1`.
    return str(getattr(address, "ipv4_mapped", None) or address)


def _host(inbound: Inbound, fields: Fields) -> str:
    hosts = fields.hosts
    if len(hosts) > 1 or (not hosts and inbound.version != (1, 0)):
        raise MalformedRequest("not exactly one Host")
    return hosts[0].decode("latin-1") if hosts else ""


def _arrival(inbound: Inbound, head: Head, target: str) -> Arrival:
    path, mark, query = target.partition("?")
    return Arrival(inbound, head, path, query if mark else None)
