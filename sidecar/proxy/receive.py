"""A parsed request head becomes an Arrival: one host, one client, one path, our names removed."""

import re
from functools import lru_cache
from ipaddress import ip_address

from sidecar.core.errors import MalformedRequest, MisdirectedRequest
from sidecar.core.policy import Network
from sidecar.proxy.arrival import Arrival, Head, Inbound, Origin
from sidecar.proxy.contract import Contract

_AUTHORITY = re.compile(r"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_DEFAULT_PORT = {"http": "80", "https": "443"}
_MAX_HOPS = 30


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

    def receive(self, inbound: Inbound) -> Arrival:
        """Return the request under its one reading.

        Raises:
            MalformedRequest: target or Host can be read in more than one way.
            MisdirectedRequest: the Host is none of ours.

        """
        target, recent = inbound.target, inbound.recent
        if not target.startswith("/"):
            return self._absolute(inbound)
        if recent.head is None or recent.headers != inbound.headers:
            recent.head = self._read(inbound, _host(inbound))
            recent.headers = inbound.headers
        return _arrival(inbound, recent.head, target)

    def _absolute(self, inbound: Inbound) -> Arrival:
        """Return a request for a whole URL, whose authority is the one that counts."""
        absolute = _ABSOLUTE.fullmatch(inbound.target)
        if absolute is None:
            raise MalformedRequest("target is neither a path nor a URL")
        scheme, authority, rest = absolute[1].lower(), absolute[2], absolute[3]
        host = _host(inbound)
        if host and plain_authority(authority, scheme) != plain_authority(host, scheme):
            raise MalformedRequest("target and Host name different authorities")
        rest = rest if rest.startswith("/") else f"/{rest}"
        return _arrival(inbound, self._read(inbound, authority), rest)

    def _read(self, inbound: Inbound, authority: str) -> Head:
        fields = self._contract.read(inbound.headers)
        origin, client = self._origin(inbound, authority), self._client(inbound)
        block = self._contract.block(fields.sent, origin, client)
        return Head(origin, client, tuple(fields.read), fields.ours, block, fields.signs)

    def _origin(self, inbound: Inbound, authority: str) -> Origin:
        """Return which of our origins was asked; https wins where both have the host."""
        for scheme in ("https", "http"):
            found = self._origins.get((scheme, plain_authority(authority, scheme)))
            if found is not None and (scheme == "https" or not inbound.secure):
                return found
        raise MisdirectedRequest("host is not ours")

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


def _host(inbound: Inbound) -> str:
    hosts = [value for name, value in inbound.headers if name.lower() == b"host"]
    if len(hosts) > 1 or (not hosts and inbound.version != (1, 0)):
        raise MalformedRequest("not exactly one Host")
    return hosts[0].decode("latin-1") if hosts else ""


def _arrival(inbound: Inbound, head: Head, target: str) -> Arrival:
    path, mark, query = target.partition("?")
    return Arrival(inbound, head, path, query if mark else None)
