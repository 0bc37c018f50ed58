"""Calls over HTTP: one connection pool, bounded waits, and nothing done twice."""

import asyncio
import errno
import os
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from sidecar.client.desk import Ask, Reply
from sidecar.client.problems import Unreachable, waiting_s

Sleep = Callable[[float], Awaitable[None]]

VERSION: Final = "1"
"""The version of the API that this client speaks."""
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
UNIX: Final = "unix:"
_TOKEN: Final = re.compile(r"[!-~]{1,4096}")
_BUSY: Final = frozenset(
    {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)
"""Told with the seconds to wait, they say that nothing was done: a limit, an outage, or the same
call is being answered still."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom to believe over TLS, and who we are."""

    ca: Path | None = None
    """Authorities that sign the sidecar's certificate; None: the system's."""
    certificate: Path | None = None
    """Ours (PEM), for sidecars that know their clients by certificate."""
    key: Path | None = None
    """Its key, where that is another file."""

    def context(self) -> ssl.SSLContext:
        """Return how TLS is spoken; the other side's certificate and name are always verified.

        Raises:
            OSError: a file cannot be used.

        """
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take, and how often it is tried."""

    timeout_s: float = 30.0
    """Of each try, from beginning to end."""
    tries: int = 3
    pause_s: float = 0.2
    """Before the second try; twice as long before each further one."""
    longest_pause_s: float = 10.0
    """Who is told to wait longer is told so at once."""

    def after_loss(self, tried: int) -> float:
        """Return how long to wait once no answer came for the last of so many tries."""
        return min(self.pause_s * 2.0 ** (tried - 1), self.longest_pause_s)

    def after(self, reply: Reply) -> float | None:
        """Return how long to wait before the same call is tried again; None: not at all."""
        wait = waiting_s(reply)
        if wait is None or wait > self.longest_pause_s:
            return None
        return float(wait)


class RemoteDesk:
    """The management API of a sidecar that runs somewhere."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        tls: Tls | None = None,
        insecure_http: bool = False,
        patience: Patience | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Take `https://host:port`, `http://…` of this machine, or `unix:/path` of a socket.

        `insecure_http` is for other machines where something else encrypts, such as a mesh.

        Raises:
            ValueError: the address is none, is readable for others, or the token is none.
            OSError: a file of `tls` cannot be used.

        """
        if token and not _TOKEN.fullmatch(token):
            raise ValueError("a token is one word of plain ASCII")
        self._socket = url.removeprefix(UNIX) if url.startswith(UNIX) else ""
        self._base = URL("http://sidecar") if self._socket else _base(url, plain=insecure_http)
        self._headers = {"API-Version": VERSION, "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._tls = (tls or Tls()).context() if self._base.scheme == "https" else None
        self._patience = patience or Patience()
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"RemoteDesk({self.url!r})"

    @property
    def url(self) -> str:
        """Where calls go."""
        return f"{UNIX}{self._socket}" if self._socket else str(self._base)

    async def close(self) -> None:
        """All connections are closed; a further call opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def reply(self, ask: Ask) -> Reply:
        """Return the answer of the last try.

        Raises:
            Unreachable: no try brought one.
            ValueError: what stands in the path is empty.

        """
        for tried in range(1, self._patience.tries):
            try:
                reply = await self._send(ask)
            except Unreachable as lost:
                if lost.sent and not ask.repeatable:
                    raise
                wait: float | None = self._patience.after_loss(tried)
            else:
                wait = self._patience.after(reply) if _busy(ask, reply) else None
                if wait is None:
                    return reply
            await self._sleep(wait or 0)
        return await self._send(ask)

    async def _send(self, ask: Ask) -> Reply:
        session = self._session = self._session or self._opened()
        headers = dict(self._headers)
        if ask.endpoint.body:
            headers["Content-Type"] = "application/json"
        if ask.key:
            headers["Idempotency-Key"] = ask.key
        if ask.if_match:
            headers["If-Match"] = ask.if_match
        url = URL(f"{self._base}{ask.target}", encoded=True)
        try:
            async with session.request(
                *(ask.endpoint.method, url),
                headers=headers,
                data=ask.content or None,
                allow_redirects=False,  # the token is for nobody else
            ) as response:
                body = await _read(response)
                return Reply(response.status, response.headers.copy(), body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"{self.url}: {_said(error)}", sent=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{self.url}: {_said(error)}") from None

    def _opened(self) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector = (
            aiohttp.UnixConnector(self._socket)
            if self._socket
            else aiohttp.TCPConnector(ssl=self._tls or True)
        )
        timeout = aiohttp.ClientTimeout(total=self._patience.timeout_s)
        cookies = aiohttp.DummyCookieJar()
        session = aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=cookies)
        # By itself it sends a PUT or DELETE twice when the answer is lost, condition and all.
        session._retry_connection = False  # noqa: SLF001 - its only switch
        return session


def _base(url: str, *, plain: bool) -> URL:
    try:
        base = URL(url)
    except ValueError:
        base = URL()
    if base.scheme not in {"http", "https"} or not base.host:
        raise ValueError("an address is https://host:port, http://host:port or unix:/path")
    if base.user is not None or base.query_string or base.fragment:
        raise ValueError("an address has neither a user nor a query; give the token beside it")
    if base.scheme == "http" and not plain and not _is_here(base.host):
        raise ValueError("over http: everybody between could read tokens and codes; use https")
    return URL(str(base).rstrip("/"))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # loopback everywhere (RFC 6761 §6.3)


def _busy(ask: Ask, reply: Reply) -> bool:
    return reply.status in _BUSY and reply.status not in ask.endpoint.answers


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the body; whoever sends without end is cut off."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Unreachable(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _said(error: Exception) -> str:
    """Return what happened, without what was sent: some of aiohttp's errors hold the headers."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if not isinstance(error, aiohttp.ClientConnectorError):
        return type(error).__name__
    reason = error.os_error
    number = 0 if isinstance(error, aiohttp.ClientSSLError) else reason.errno or 0
    if number in errno.errorcode:
        return os.strerror(number)  # asyncio's own words name the address once more
    return str(reason) or type(reason).__name__
