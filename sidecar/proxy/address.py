"""One address of an application: how to connect to it, and what is going on there."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.health import Health
from sidecar.proxy.upstream import Upstream

PORTS: Final = {"http": 80, "https": 443}


class Address:
    """Where to connect to, the connections that are idle there, and how it has been of late."""

    __slots__ = (
        "_host",
        "_path",
        "_port",
        "_server_name",
        "_tls",
        "health",
        "idle",
        "pending",
        "trial",
    )

    def __init__(
        self, url: str, tls: ssl.SSLContext | None = None, server_name: str | None = None
    ) -> None:
        """An address to which a connection can be made; `tls` is for https only.

        Raises:
            ValueError: there can be no such address.

        """
        parts = urlsplit(url)
        self._host, self._port, self._path = "", 0, ""
        if parts.scheme == "unix" and parts.path and not parts.netloc:
            self._path = parts.path
        elif parts.scheme in PORTS and parts.hostname and parts.path in ("", "/"):
            parts.hostname.encode("idna")  # what cannot be looked up shows now, not per request
            self._host, self._port = parts.hostname, parts.port or PORTS[parts.scheme]
        if not (self._host or self._path) or parts.query:
            raise ValueError(f"not an address: {url}")
        self._tls = tls if parts.scheme == "https" else None
        self._server_name = (server_name or self._host) if self._tls is not None else None
        self.idle: deque[UpstreamConnection] = deque()
        """The one that was used last is at the end."""
        self.pending = 0
        """Requests that hold a connection to it, or are about to."""
        self.health = Health()
        self.trial: UpstreamConnection | None = None
        """The connection of the last trial, while the address is set aside."""

    async def connect(self, made: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        """Return a connection over which nothing has been said.

        Raises:
            OSError: refused, not resolved, not trusted, or it spoke before it was asked.

        """
        loop = asyncio.get_running_loop()
        if self._path:
            _, connection = await loop.create_unix_connection(made, self._path)
        else:
            _, connection = await loop.create_connection(
                made, self._host, self._port, ssl=self._tls, server_hostname=self._server_name
            )
        if connection.transport is None or connection.transport.is_closing():
            raise ConnectionAbortedError
        return connection


def addresses(upstream: Upstream) -> tuple[Address, ...]:
    """Return the addresses of an application, each fit to be connected to.

    Raises:
        ValueError: a URL is none that a connection can be made to.
        OSError: a certificate, key or authority file cannot be used.

    """
    tls = _tls(upstream) if any(url.startswith("https:") for url in upstream.urls) else None
    try:
        return tuple(Address(url, tls, upstream.server_name) for url in upstream.urls)
    except ValueError as error:
        raise ValueError(f"upstream {upstream.name}: {error}") from error


def _tls(upstream: Upstream) -> ssl.SSLContext:
    """Return how the application proves itself; nothing turns that off (CVE-2020-16093)."""
    context = ssl.create_default_context(cafile=upstream.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever OpenSSL was built or set to take
    context.set_alpn_protocols(["http/1.1"])
    if upstream.client_cert is not None:
        # Without a password given, an encrypted key would stop the start and ask the terminal.
        context.load_cert_chain(upstream.client_cert, upstream.client_key, password="")
    return context
