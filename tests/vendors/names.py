"""Names and certificates of servers on loopback, as the tests need them to be."""

import asyncio
import socket
import ssl
from itertools import cycle
from pathlib import Path

from aiohttp.abc import AbstractResolver, ResolveResult


class Names(AbstractResolver):
    """A name server whose answers change from one question to the next."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self._answers = cycle(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=one, port=port, family=2, proto=0, flags=0)
            for one in next(self._answers)
        ]

    async def close(self) -> None:
        """Nothing is held."""


class NoAnswer(Names):
    """A name server that never answers."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        await asyncio.Event().wait()
        return await super().resolve(host, port, family)


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)
