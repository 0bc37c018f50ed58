"""Calls vendors' and operators' HTTP interfaces: guarded against reaching inside, and bounded."""

import asyncio
import re
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from types import SimpleNamespace, TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from sidecar.core.errors import DeliveryFailed, Undelivered
from sidecar.core.protocols import Asked, RawHeaders

ANSWER_BYTES: Final = 64 * 1024

_METHOD: Final = re.compile(r"[A-Z]{1,16}")
_NAME: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""Source: RFC 9110 §5.6.2."""
_VALUE: Final = re.compile(rb"(?:[!-~](?:[ \t!-~]*[!-~])?)?")
"""Without obs-text, which peers read differently. Source: RFC 9110 §5.5."""
_TARGET: Final = re.compile(
    r"(?P<scheme>https?)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:[/?][!\"$-\[\]-~]*)?"
)
"""Without a user, a fragment, a zone, or anything in the host that some reader would decode."""
_OURS: Final = frozenset(
    {b"connection", b"content-length", b"expect", b"host", b"transfer-encoding", b"upgrade"}
)
"""Headers that frame the request; two of them would let peers disagree where it ends."""

_ONE_UNICAST: Final = ip_network("2000::/3")
"""All that is given out of IPv6 so far. Source: RFC 4291 §2.4, IANA's registry."""
_NAT64: Final = ip_network("64:ff9b::/96")
"""IPv4 addresses as networks without IPv4 write them. Source: RFC 6052 §2.1."""
_SPECIAL: Final = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # what Azure's machines ask for their keys; public by its number
            "192.0.0.0/24",  # protocol assignments
            "192.88.99.0/24",  # 6to4 relays
            "2001::/23",  # Teredo and other protocol assignments, with addresses inside them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, with an IPv4 address inside
            "3fff::/20",  # documentation
        ),
    )
)
"""Not private by every reading of the registries, and never a vendor's."""


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public internet, also as what is written inside it."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    inner = _inner(found)
    if inner is not None:
        return is_public(str(inner))
    if isinstance(found, IPv6Address) and found not in _ONE_UNICAST:
        return False
    special = found.is_multicast or found.is_reserved or any(found in net for net in _SPECIAL)
    return found.is_global and not special


def _inner(found: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(found, IPv4Address):
        return None
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped


class Outside:
    """One client for all transports.

    Each call has a connection of its own: no cookie, no name looked up earlier and no connection
    that the peer is about to close carries over from one call to the next. Proxies of the
    environment are not used: they would be asked to connect where we must not.
    """

    def __init__(
        self, *, trust: ssl.SSLContext | None = None, resolver: AbstractResolver | None = None
    ) -> None:
        """Trust the system's certificate authorities (also `SSL_CERT_FILE`), unless told."""
        self._trust = trust
        self._resolver = resolver
        self._opening = asyncio.Lock()
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        for session in self._sessions.values():
            await session.close()

    async def __call__(
        self,
        method: str,
        url: str,
        headers: RawHeaders = (),
        body: bytes = b"",
        *,
        timeout_s: float,
        private: bool = False,
    ) -> Asked:
        """Return the answer, read whole up to 64 KiB; certificates are verified.

        No failure says where the call went or what it carried: URLs hold secrets too.

        Raises:
            DeliveryFailed: `unavailable` where nothing was sent, `unsure` where the answer is
                missing, late, malformed or too long.

        """
        target, fields = _target(method, url, private=private), _fields(headers)
        progress = SimpleNamespace(connected=False)
        try:
            async with asyncio.timeout(timeout_s):
                session = await self._session(private=private)
                async with session.request(
                    *(method, target),
                    headers=fields,
                    data=body or None,
                    allow_redirects=False,
                    trace_request_ctx=progress,
                ) as answer:
                    return await _read(answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Without the cause, whose text names the whole URL.
            why = Undelivered.UNSURE if progress.connected else Undelivered.UNAVAILABLE
            raise DeliveryFailed(type(error).__name__, why=why) from None

    async def _session(self, *, private: bool) -> aiohttp.ClientSession:
        async with self._opening:
            if self._closed:
                raise DeliveryFailed("nothing is called while the sidecar stops")
            if self._trust is None:
                # Reading the authorities takes long enough for other people to notice.
                self._trust = await asyncio.to_thread(_system_trust)
            if private not in self._sessions:
                connects = _anywhere if private else _in_public
                self._sessions[private] = self._opened(self._trust, connects)
            return self._sessions[private]

    def _opened(
        self, trust: ssl.SSLContext, connects: aiohttp.SocketFactoryType
    ) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=trust,
            resolver=self._resolver,
            use_dns_cache=False,
            force_close=True,
            socket_factory=connects,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            headers={"Accept-Encoding": "identity", "User-Agent": "sidecar"},
            skip_auto_headers=("Accept", "Content-Type"),
            auto_decompress=False,
            trust_env=False,
            trace_configs=[_progress()],
        )


def _system_trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _anywhere(info: aiohttp.AddrInfoType) -> socket.socket:
    return socket.socket(info[0], info[1], info[2])


def _in_public(info: aiohttp.AddrInfoType) -> socket.socket:
    """Return a socket for this address, which is the one that is connected to next.

    Here every address comes by, also one that the URL itself names and no resolver ever sees, and
    none can change after it was checked (DNS rebinding).
    """
    if not is_public(str(info[4][0])):
        raise OSError("no public address")
    return _anywhere(info)


def _progress() -> aiohttp.TraceConfig:
    """Return what notes that a connection stands, after which something may have been sent."""
    trace = aiohttp.TraceConfig()

    async def connected(_session: object, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.connected = True

    trace.on_connection_create_end.append(connected)
    return trace


async def _read(answer: aiohttp.ClientResponse) -> Asked:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > ANSWER_BYTES:
            raise DeliveryFailed("the answer is too long", why=Undelivered.UNSURE)
    return Asked(answer.status, tuple(answer.raw_headers), bytes(content))


def _target(method: str, url: str, *, private: bool) -> URL:
    """Return the URL as it stands, when no reader could find another host in it.

    Raises:
        DeliveryFailed: it is malformed, names a user, or is not https.

    """
    found = _TARGET.fullmatch(url)
    if found is None or not _METHOD.fullmatch(method):
        raise DeliveryFailed("the call is malformed")
    if found["scheme"] != "https" and not private:
        raise DeliveryFailed("the URL is not https")
    try:
        return URL(url, encoded=True)
    except ValueError:
        raise DeliveryFailed("the URL is malformed") from None


def _fields(headers: RawHeaders) -> list[tuple[str, str]]:
    """Return the headers as text, when none of them could end early and start another.

    Raises:
        DeliveryFailed: a name or a value is malformed, or frames the request.

    """
    for name, value in headers:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() in _OURS:
            raise DeliveryFailed("a header is malformed")
    return [(name.decode("ascii"), value.decode("ascii")) for name, value in headers]
