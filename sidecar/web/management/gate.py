"""Who may call: known by a token or a client certificate, for this endpoint, and not too often."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Final

from aiohttp import web

from sidecar.core.api_errors import ScopeMissing, TokenMissing, TokenRefused
from sidecar.core.clients import ApiClient, ClientId, Scope
from sidecar.core.errors import MalformedRequest
from sidecar.core.volume import Bucket, Limiter
from sidecar.flows.clients import Clients

NOBODY: Final = ApiClient(ClientId(""), "anybody", frozenset())
"""Who calls what is open to anybody."""
_SCHEME: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Certified:
    """A client that shows a certificate, by the name in it."""

    name: str
    """A subject alternative name: of a host, a URI such as `spiffe://…`, or an address."""
    client: ApiClient


class Gate:
    """Stands before every endpoint."""

    def __init__(
        self,
        clients: Clients,
        limiter: Limiter,
        *,
        certified: tuple[Certified, ...] = (),
        per_minute: int,
    ) -> None:
        self._clients = clients
        self._limiter = limiter
        self._certified = certified
        self._calls = Bucket("management.call", per_minute, timedelta(minutes=1))

    async def open(self) -> bool:
        """Tell whether anybody could pass."""
        return bool(self._certified) or await self._clients.any_live()

    async def admit(self, request: web.Request, scope: Scope | None) -> ApiClient:
        """Return who calls.

        Raises:
            TokenMissing: nobody known does.
            TokenRefused: the token is not good, or not good from there.
            ScopeMissing: the client may not do this.
            TooManyAttempts: it called too often within the minute.

        """
        if scope is None:
            return NOBODY
        client = await self._client(request)
        await self._limiter.take(self._calls, client.id)
        if scope not in client.scopes:
            raise ScopeMissing(scope.value)
        return client

    async def _client(self, request: web.Request) -> ApiClient:
        said = request.headers.getall("Authorization", ())
        if len(said) > 1:
            message = "Authorization occurs twice; send it once"
            raise MalformedRequest(message)
        if said:
            if said[0][: len(_SCHEME)].lower() != _SCHEME:
                message = "send Authorization: Bearer, and an API token"
                raise TokenRefused(message)
            return await self._clients.recognise(said[0][len(_SCHEME) :].strip(), _peer(request))
        shown = _certificate(request)
        for known in self._certified:
            if _shows(shown, known.name):
                return known.client
        message = (
            "send Authorization: Bearer, and an API token (`sidecar tokens create` makes one), or "
            "show a client certificate that is configured"
        )
        raise TokenMissing(message)


def _peer(request: web.Request) -> str:
    """Return the address of the connection; nothing that a header says counts."""
    transport = request.transport
    peer = transport.get_extra_info("peername") if transport else None
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""


def _certificate(request: web.Request) -> Mapping[str, object]:
    transport = request.transport
    found = transport.get_extra_info("peercert") if transport else None
    return found if isinstance(found, dict) else {}


def _shows(certificate: Mapping[str, object], name: str) -> bool:
    """Tell whether a verified certificate has this alternative name, as a name of its kind.

    Kinds are kept apart: who may have any host name certified has no address and no URI by it.
    The common name says nothing (Source: RFC 9525 §2).
    """
    named = certificate.get("subjectAltName", ())
    wanted = _kind(name), _spelled(name)
    return isinstance(named, tuple) and any(
        (kind, _spelled(str(value))) == wanted for kind, value in named
    )


def _kind(name: str) -> str:
    """Return what a name in the configuration is the name of, as OpenSSL calls it."""
    return "URI" if "://" in name else "IP Address" if _address(name) else "DNS"


def _spelled(name: str) -> str:
    """Return the one spelling of a name; OpenSSL writes addresses at full length."""
    return _address(name) or (name if "://" in name else name.lower())


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
