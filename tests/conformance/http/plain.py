"""Two reverse proxies of a few lines of plain aiohttp, to show what is wrong with them.

`naive` is what anybody writes first; `tuned` is the most that aiohttp's public interface allows.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tests.conformance.http.application import Application
from tests.conformance.http.visitor import Answer, Visitor

HOP_BY_HOP = {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
SKIPPED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Plain:
    """A plain proxy between a raw client and a scripted application."""

    def __init__(self, app: Application, session: aiohttp.ClientSession) -> None:
        self.app = app
        self.session = session
        self.judged: list[str] = []
        """The paths that a rule would have been matched against."""
        self.port = 0
        self._visitors: list[Visitor] = []

    async def naive(self, request: web.Request) -> web.StreamResponse:
        self.judged.append(request.path)
        async with self.session.request(
            request.method,
            self.app.url + request.path_qs,
            headers=request.headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, headers=answer.headers)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
        return response

    async def tuned(self, request: web.Request) -> web.StreamResponse:
        self.judged.append(request.raw_path)
        async with self.session.request(
            request.method,
            URL(self.app.url + request.raw_path, encoded=True),
            headers=_passing(request.raw_headers, HOP_BY_HOP),
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(
                status=answer.status,
                reason=answer.reason,
                headers=CIMultiDict(_passing(answer.raw_headers, HOP_BY_HOP)),
            )
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
        return response

    async def visitor(self) -> Visitor:
        opened = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        self._visitors.append(Visitor(*opened))
        return self._visitors[-1]

    async def exchange(self, raw: bytes) -> Answer:
        visitor = await self.visitor()
        visitor.send(raw)
        return await visitor.answer()

    def leave(self) -> None:
        for visitor in self._visitors:
            visitor.abort()


def _passing(
    headers: tuple[tuple[bytes, bytes], ...], dropped: set[bytes]
) -> list[tuple[str, str]]:
    return [
        (name.decode(), value.decode("utf-8", "surrogateescape"))
        for name, value in headers
        if name.lower() not in dropped
    ]


def _session(kind: str) -> aiohttp.ClientSession:
    if kind == "naive":
        return aiohttp.ClientSession()
    return aiohttp.ClientSession(
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=SKIPPED,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
    )


@contextlib.asynccontextmanager
async def plain(kind: str) -> AsyncIterator[Plain]:
    """Run `naive` or `tuned` before a scripted application."""
    app = Application()
    await app.start()
    async with _session(kind) as session:
        proxy = Plain(app, session)
        served = web.Application()
        served.router.add_route("*", "/{path:.*}", getattr(proxy, kind))
        runner = web.AppRunner(
            served, access_log=None, shutdown_timeout=0.1, auto_decompress=kind == "naive"
        )
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.port = runner.addresses[0][1]
        try:
            yield proxy
        finally:
            proxy.leave()
            await app.stop()
            await runner.cleanup()
