"""A front before any number of applications, each of which answers with its number."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from sidecar.proxy.limits import Limits
from sidecar.proxy.listener import Listener
from sidecar.proxy.mount import Pages
from sidecar.proxy.pool import Pool
from sidecar.proxy.upstream import Upstream
from tests.certificates import self_signed
from tests.conformance.http.application import Application, Peer, Script
from tests.conformance.http.harness import StubJudge
from tests.conformance.http.visitor import Visitor

Setting = str | float | None
"""Any field of `Upstream` but its name and URLs."""


class Time:
    """Loop time that a test moves on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


class Front:
    """A front before whatever a test listens with."""

    def __init__(self, listener: Listener, pool: Pool, time: Time) -> None:
        self.pool = pool
        self.time = time
        self._listener = listener
        self._visitors: list[Visitor] = []

    async def visitor(self) -> Visitor:
        streams = await asyncio.open_connection("127.0.0.1", self._listener.port)
        self._visitors.append(Visitor(*streams))
        return self._visitors[-1]

    async def get(self, target: str = "/") -> tuple[int, bytes]:
        answer = await (await self.visitor()).get(target)
        return answer.status, answer.body

    def leave(self) -> None:
        for visitor in self._visitors:
            visitor.close()


@contextlib.asynccontextmanager
async def fronted(*urls: str, **settings: Setting) -> AsyncIterator[Front]:
    time = Time()
    pool = Pool({"app": Upstream("app", urls, **settings)}, clock=time)  # type: ignore[arg-type]
    pages = Pages(web.Application())
    await pages.start()
    listener = Listener(StubJudge(), pool, pages, Limits(sweep_s=0.02))
    await listener.start("127.0.0.1", 0)
    front = Front(listener, pool, time)
    try:
        yield front
    finally:
        front.leave()
        await listener.close()
        await pages.stop()
        await pool.close()


@contextlib.asynccontextmanager
async def running(
    count: int = 1, tls: ssl.SSLContext | None = None
) -> AsyncIterator[list[Application]]:
    """Applications; each answers with its number."""
    apps = [Application() for _ in range(count)]
    for number, app in enumerate(apps):
        app.script = numbered(number)
        await app.start(tls)
    try:
        yield apps
    finally:
        for app in apps:
            await app.stop()


def numbered(number: int) -> Script:
    async def script(peer: Peer) -> None:
        while await peer.request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)

    return script


def certified(
    folder: Path, *hosts: str, name: str = "test", expired: bool = False
) -> tuple[ssl.SSLContext, str]:
    """Return a server's context and the file that trusts it."""
    path = str(self_signed(folder, *hosts, name=name, expired=expired))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path
