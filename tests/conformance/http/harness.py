"""Raw bytes on both sides of the front: a scripted application, a raw client, a stub judge."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from sidecar.core.errors import SidecarError
from sidecar.core.protocols import RawHeaders
from sidecar.proxy.arrival import Inbound
from sidecar.proxy.headers import HOP_BY_HOP, block
from sidecar.proxy.limits import Limits
from sidecar.proxy.listener import Listener
from sidecar.proxy.mount import Pages
from sidecar.proxy.pool import Pool
from sidecar.proxy.upstream import Upstream
from sidecar.proxy.verdicts import Forward, Page, Reply, Verdict, Wait
from tests.conformance.http.aftermath import nothing_left, send_canaries
from tests.conformance.http.application import (
    OK,
    Application,
    Peer,
    Script,
    polite,
    saying,
    saying_once,
)
from tests.conformance.http.visitor import PATIENCE_S, Answer, Visitor

__all__ = [
    "OK",
    "Answer",
    "Application",
    "Peer",
    "Script",
    "Stage",
    "StubJudge",
    "Visitor",
    "eventually",
    "polite",
    "saying",
    "saying_once",
    "staged",
]


FRAMED = HOP_BY_HOP | {b"content-length"}


class Passing(Forward):
    """Tells the judge what the front says of it."""

    def __init__(self, judge: "StubJudge", target: bytes, headers: RawHeaders) -> None:
        super().__init__("app", target, block(headers))
        self._judge = judge

    def on_head(self, status: int, sets_cookies: bool) -> Wait:
        self._judge.heads.append((status, sets_cookies))
        return None

    def on_end(self) -> None:
        self._judge.ended += 1


@dataclass
class StubJudge:
    """Sends `/own` and `/deny` home, `/page` to the pages, `/boom` over the edge."""

    judged: list[Inbound] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)
    ended: int = 0
    heads: list[tuple[int, bool]] = field(default_factory=list)
    verdict: Callable[[Inbound], Awaitable[Verdict]] | None = None
    """Takes the place of the rules above."""
    failure: Callable[[Inbound], Reply] | None = None

    async def judge(self, inbound: Inbound) -> Verdict:
        self.judged.append(inbound)
        if self.verdict is not None:
            return await self.verdict(inbound)
        if inbound.target.startswith("/own"):
            return Reply(200, ((b"Content-Type", b"text/plain"),), b"own")
        if inbound.target.startswith("/deny"):
            return Reply(401, (), b"denied")
        if inbound.target.startswith("/page"):
            return Page({"who": "ada"})
        if inbound.target.startswith("/boom"):
            raise LookupError(inbound.target)
        headers = tuple(h for h in inbound.headers if h[0].lower() not in FRAMED)
        if not any(name.lower() == b"host" for name, _ in headers):
            headers = ((b"Host", b"stub.test"), *headers)  # what goes on is HTTP/1.1
        return Passing(self, inbound.target.encode("utf-8", "surrogateescape"), headers)

    def failed(self, inbound: Inbound, error: SidecarError) -> Reply:
        status, reason = error.status, error.slug
        self.failures.append((status, reason))
        if self.failure is not None:
            return self.failure(inbound)
        return Reply(status, ((b"X-Slug", reason.encode()),), b"failed")


class Stage:
    """The front between a raw client and a scripted application."""

    def __init__(self, limits: Limits | None = None, **upstream: float) -> None:
        self.app = Application()
        self.judge = StubJudge()
        self.work = asyncio.Event()
        self.counted: list[str] = []
        self._limits = limits or Limits(sweep_s=0.02, linger_s=0.3)
        self._options = upstream
        self._visitors: list[Visitor] = []

    async def start(self) -> None:
        await self.app.start()
        settings = {"head_timeout_s": 3.0, **self._options}
        self.pool = Pool({"app": Upstream("app", self.app.url, **settings)})  # type: ignore[arg-type]
        self.pages = Pages(self._pages())
        await self.pages.start()
        self.listener = Listener(self.judge, self.pool, self.pages, self._limits)
        await self.listener.start("127.0.0.1", 0)

    async def stop(self) -> None:
        for visitor in self._visitors:
            visitor.close()
        await self.listener.close()
        await self.pages.stop()
        await self.pool.close()
        await self.app.stop()
        await asyncio.sleep(0)

    @property
    def idle(self) -> int:
        """How many connections to the application wait for the next request."""
        return self.pool.state()["app"].idle

    async def visitor(self) -> Visitor:
        opened = await asyncio.open_connection("127.0.0.1", self.listener.port, limit=2**20)
        self._visitors.append(Visitor(*opened))
        return self._visitors[-1]

    async def judged(self, count: int) -> None:
        """So many requests have come to the judge."""
        await eventually(lambda: len(self.judge.judged) >= count)

    async def sent(self, raw: bytes) -> Visitor:
        """Send raw bytes on a connection of their own, which is returned."""
        visitor = await self.visitor()
        visitor.send(raw)
        return visitor

    async def exchange(self, raw: bytes) -> Answer:
        """Send raw bytes on a connection of their own and return the first answer."""
        return await (await self.sent(raw)).answer()

    def _pages(self) -> web.Application:
        app = web.Application(client_max_size=2**16)
        app.router.add_get("/page", self._hello)
        app.router.add_post("/page/echo", self._echo)
        app.router.add_post("/page/count", self._count)
        app.router.add_get("/page/move", self._move)
        app.router.add_get("/page/bug", self._bug)
        app.router.add_get("/page/stream", self._stream)
        return app

    async def _hello(self, request: web.Request) -> web.Response:
        return web.Response(text=f"hello {request['who']}")

    async def _echo(self, request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def _count(self, request: web.Request) -> web.Response:
        text = await request.text()
        await self.work.wait()
        self.counted.append(text)
        return web.Response(text="counted")

    async def _move(self, _request: web.Request) -> web.Response:
        raise web.HTTPSeeOther("/page")

    async def _bug(self, _request: web.Request) -> web.Response:
        raise LookupError("s3cret")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in (b"one", b"two"):
            await response.write(part)
        return response


@contextlib.asynccontextmanager
async def staged(limits: Limits | None = None, **upstream: float) -> AsyncIterator[Stage]:
    """Run a stage; afterwards it has served a canary and left nothing behind."""
    stage = Stage(limits, **upstream)
    async with nothing_left(stage):
        await stage.start()
        try:
            yield stage
            await send_canaries(stage)
        finally:
            await stage.stop()


async def eventually(condition: Callable[[], bool]) -> None:
    """The condition holds now, or soon; otherwise the test fails by time-out."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for is on the other side of a wire
            await asyncio.sleep(0.005)
