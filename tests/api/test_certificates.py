"""Clients that are known by a certificate: by its names, from one authority, and for no more."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography import x509

from sidecar.api.endpoints import ENDPOINTS
from sidecar.core.clients import Scope
from tests.api.calling import HOST, MANAGED, Api, api
from tests.api.sound import sound
from tests.certificates import Authority, self_signed
from tests.unit.flows.scene import quick_folder
from tests.world import world

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPIFFE = "spiffe://cluster/ns/shop/sa/backend"
CLIENTS = {
    "backend": {"certificate": SPIFFE, "scopes": ["config:read"]},
    "writer": {"certificate": "writer.shop.internal", "scopes": ["config:write", "config:read"]},
    "node": {"certificate": "2001:db8::7", "scopes": ["config:read"]},
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """A sidecar that knows clients by certificates of one authority."""

    api: Api
    folder: Path
    server: Path
    authority: Authority

    async def get(self, shown: Path | None, token: str = "") -> tuple[int, str]:
        """Return what somebody is told who shows this certificate, or none."""
        return await self.ask("GET", "/config/nobody", shown, token)

    async def ask(
        self, method: str, target: str, shown: Path | None, token: str = ""
    ) -> tuple[int, str]:
        context = ssl.create_default_context(cafile=str(self.server))
        if shown is not None:
            context.load_cert_chain(shown)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector) as session:
            url = f"https://{HOST}:{self.api.port}{target}"
            async with session.request(method, url, headers=headers) as response:
                said = await response.json(content_type=None)
                return response.status, str(said.get("type", "")).rpartition("/")[2]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def guarded() -> AsyncIterator[Guarded]:
    with quick_folder() as folder:
        server, authority = self_signed(folder, name="server"), Authority(folder, "ours")
        tls = {"cert": str(server), "key": str(server), "client_ca": str(authority.path)}
        async with api(folder, {"management": {"tls": tls, "clients": CLIENTS}}) as opened:
            yield Guarded(opened, folder, server, authority)


@pytest.mark.parametrize(
    "name",
    [
        x509.UniformResourceIdentifier(SPIFFE),
        x509.DNSName("Writer.Shop.internal"),
        x509.IPAddress(ip_address("2001:db8::7")),
    ],
    ids=lambda name: type(name).__name__,
)
async def test_known_names(guarded: Guarded, name: x509.GeneralName) -> None:
    """A certificate of our authority under a name that is configured shows an answer, also where
    other names stand beside it.
    """
    shown = guarded.authority.client(x509.DNSName("pod-7.shop.internal"), name)
    assert await guarded.get(shown) == (404, "not-found")


async def test_unknown_names(guarded: Guarded) -> None:
    """Names that are nearly right, or where no name counts, show nobody."""
    for names in (
        (x509.DNSName("other.shop.internal"),),
        (x509.DNSName("*.shop.internal"),),
        (x509.DNSName("writer.shop.internal.evil.example"),),
        (x509.DNSName("2001:db8::7"), x509.RFC822Name("writer.shop.internal")),
        (x509.UniformResourceIdentifier(f"{SPIFFE}/more"), x509.DNSName(SPIFFE)),
        (x509.UniformResourceIdentifier(SPIFFE.upper()),),
        (x509.IPAddress(ip_address("10.9.8.7")),),
        (x509.UniformResourceIdentifier("writer.shop.internal"),),
    ):
        shown = guarded.authority.client(*names)
        assert await guarded.get(shown) == (401, "token-missing"), names
    for common in (SPIFFE, "writer.shop.internal"):
        shown = guarded.authority.client(common_name=common)
        assert await guarded.get(shown) == (401, "token-missing")


async def test_nobody_without_one(guarded: Guarded) -> None:
    """No certificate and no token shows nobody; a token alone is as good as ever, and a bad token
    is refused although the certificate is known.
    """
    assert await guarded.get(None) == (401, "token-missing")
    assert await guarded.get(None, guarded.api.token) == (404, "not-found")
    shown = guarded.authority.client(x509.UniformResourceIdentifier(SPIFFE))
    assert await guarded.get(shown, "garbage") == (401, "token-refused")


async def test_scopes_of_a_certificate(guarded: Guarded) -> None:
    """A known certificate shows its scopes alone."""
    reader = guarded.authority.client(x509.UniformResourceIdentifier(SPIFFE))
    assert await guarded.ask("POST", "/enable", reader) == (403, "scope-missing")
    writer = guarded.authority.client(x509.DNSName("writer.shop.internal"))
    assert await guarded.ask("POST", "/enable", writer) == (415, "media-type-unsupported")


@pytest.mark.conforms("ASVS-8.2.1")
async def test_every_endpoint_asks_a_certificate_for_its_scope(guarded: Guarded) -> None:
    """A certificate that may read configurations shows an answer there, and at every other
    endpoint that it may not, before what was sent is read.
    """
    shown = guarded.authority.client(x509.UniformResourceIdentifier(SPIFFE))
    for endpoint in ENDPOINTS:
        if endpoint.scope not in {None, Scope.CONFIG_READ}:
            told = await guarded.ask(endpoint.method, sound(endpoint).target, shown)
            assert (endpoint.name, *told) == (endpoint.name, 403, "scope-missing")


async def test_other_authorities(guarded: Guarded) -> None:
    """A certificate of another authority, one that signed itself and one that is over show that
    there is no connection.
    """
    name = x509.UniformResourceIdentifier(SPIFFE)
    for shown in (
        Authority(guarded.folder, "theirs").client(name),
        Authority(guarded.folder, "ours").client(name),
        self_signed(guarded.folder, "writer.shop.internal", name="itself"),
        guarded.authority.client(name, expired=True),
    ):
        with pytest.raises((aiohttp.ClientError, ConnectionError, ssl.SSLError)):
            await guarded.get(shown)


async def test_a_certificate_opens_the_listener(folder: Path) -> None:
    """A sidecar without any token whose configuration knows a certificate shows that it listens."""
    server, authority = self_signed(folder, name="server"), Authority(folder, "ours")
    tls = {"cert": str(server), "key": str(server), "client_ca": str(authority.path)}
    changes = {**MANAGED, "management": {"tls": tls, "clients": CLIENTS}}
    async with world(folder, changes=changes) as here:
        assert here.sidecar.management is not None
        assert here.sidecar.management.port
