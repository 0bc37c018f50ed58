"""Calls vendors and operators' HTTP interfaces: guarded against reaching inside, and bounded."""

import asyncio
import ipaddress
import socket
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from sidecar.core.errors import DeliveryFailed, Undelivered
from sidecar.core.protocols import Asked, RawHeaders

ANSWER_BYTES: Final = 64 * 1024


class _Public(AbstractResolver):
    """Resolves names to addresses of the public internet only (SSRF, ASVS 1.3.6).

    Checked where the connection takes the address from, so that a name cannot answer one thing
    when it is checked and another when it is used (DNS rebinding).
    """

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(ipaddress.ip_address(one["host"]).is_global for one in found):
            raise OSError(f"{host} is no public address")
        return found

    async def close(self) -> None:
        await self._inner.close()


class Outside:
    """One client for all transports; its connections are made when first needed."""

    def __init__(self) -> None:
        self._public: aiohttp.ClientSession | None = None
        self._private: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in (self._public, self._private):
            if session is not None:
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

        Raises:
            DeliveryFailed: `unavailable` where nothing was sent, `unsure` where the answer is
                missing, late, malformed or too long.

        """
        session = self._session(private=private)
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        try:
            async with asyncio.timeout(timeout_s):
                async with session.request(
                    method, url, headers=sent, data=body or None, allow_redirects=False
                ) as answer:
                    content = await answer.content.read(ANSWER_BYTES + 1)
                    if len(content) > ANSWER_BYTES or not answer.content.at_eof():
                        raise DeliveryFailed("the answer is too long", why=Undelivered.UNSURE)
                    return Asked(answer.status, tuple(answer.raw_headers), content)
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise DeliveryFailed(type(error).__name__, why=Undelivered.UNAVAILABLE) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DeliveryFailed(type(error).__name__, why=Undelivered.UNSURE) from error

    def _session(self, *, private: bool) -> aiohttp.ClientSession:
        if private:
            self._private = self._private or aiohttp.ClientSession(auto_decompress=True)
            return self._private
        if self._public is None:
            connector = aiohttp.TCPConnector(resolver=_Public())
            self._public = aiohttp.ClientSession(connector=connector)
        return self._public
