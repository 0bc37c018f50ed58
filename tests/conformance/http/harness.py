"""Raw bytes on both sides of the front: a scripted application, a raw client, a stub judge."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from sidecar.core.protocols import RawHeaders
from sidecar.proxy.heads import HOP_BY_HOP
from sidecar.proxy.limits import Limits
from sidecar.proxy.listener import Listener
from sidecar.proxy.mount import Pages
from sidecar.proxy.pool import Pool
from sidecar.proxy.upstream import Upstream
from sidecar.proxy.verdicts import Forward, Inbound, Page, Reply, Verdict

PATIENCE_S = 4
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """One connection the application accepted, and every byte it was ever sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.seen = bytearray()
        self.over = asyncio.Event()
        """The front has closed its side."""

    async def head(self) -> bytes:
        """Return one request head; empty when the front closed instead."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            head = error.partial
            self.over.set()
        self.seen += head
        return head if head.endswith(b"\r\n\r\n") else b""

    async def request(self) -> bytes:
        """Return a head after reading the body that it announces."""
        head = await self.head()
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            while not self.seen.endswith(b"0\r\n\r\n"):
                if not await self.some():
                    break
        elif b"content-length: " in lower:
            await self.exactly(int(lower.split(b"content-length: ")[1].split(b"\r\n")[0]))
        return head

    async def exactly(self, size: int) -> bytes:
        with contextlib.suppress(asyncio.IncompleteReadError):
            data = await self._reader.readexactly(size)
            self.seen += data
            return data
        self.over.set()
        return b""

    async def some(self) -> bytes:
        data = await self._reader.read(65536)
        self.seen += data
        if not data:
            self.over.set()
        return data

    async def rest(self) -> bytes:
        """Return everything until the front closes or resets."""
        with contextlib.suppress(ConnectionError):
            while await self.some():
                pass
        self.over.set()
        return bytes(self.seen)

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """The connection breaks with a reset."""
        plain = self._writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


async def polite(peer: Peer) -> None:
    """Answer every request with `ok`."""
    while await peer.request():
        peer.send(OK)


def saying(answer: bytes, *, close: bool = False) -> Script:
    """Answer every request with these bytes, then close if asked to."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            peer.send(answer)
            if close:
                peer.close()
                return

    return script


class Application:
    """The oracle: what it did not see was not forwarded."""

    def __init__(self) -> None:
        self.script: Script = polite
        self.peers: list[Peer] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**20)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.peers.append(peer)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await self.script(peer)
        writer.close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def seen(self) -> bytes:
        return b"".join(bytes(peer.seen) for peer in self.peers)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for peer in self.peers:
            peer.close()
        await asyncio.sleep(0)


@dataclass
class StubJudge:
    """Sends `/own` and `/deny` home, `/page` to the pages, `/boom` over the edge."""

    judged: list[Inbound] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)
    ended: int = 0
    heads: list[tuple[int, RawHeaders]] = field(default_factory=list)

    async def judge(self, inbound: Inbound) -> Verdict:
        self.judged.append(inbound)
        if inbound.target.startswith("/own"):
            return Reply(200, ((b"Content-Type", b"text/plain"),), b"own")
        if inbound.target.startswith("/deny"):
            return Reply(401, (), b"denied")
        if inbound.target.startswith("/page"):
            return Page({"who": "ada"})
        if inbound.target.startswith("/boom"):
            raise LookupError(inbound.target)
        headers = tuple(h for h in inbound.headers if h[0].lower() not in HOP_BY_HOP)
        target = inbound.target.encode("utf-8", "surrogateescape")
        return Forward("app", target, headers, self._on_head, self._on_end)

    async def _on_head(self, status: int, headers: RawHeaders) -> RawHeaders:
        self.heads.append((status, headers))
        return headers

    def _on_end(self) -> None:
        self.ended += 1

    def failed(self, inbound: Inbound, status: int, reason: str) -> Reply:
        del inbound
        self.failures.append((status, reason))
        return Reply(status, ((b"X-Slug", reason.encode()),), b"failed")


@dataclass(frozen=True)
class Answer:
    """One answer as the client got it; `whole` is false where its framing was broken off."""

    head: bytes
    body: bytes
    whole: bool = True

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1]) if self.head else 0

    def all(self, name: str) -> list[bytes]:
        wanted = name.lower().encode()
        fields = (line.partition(b": ") for line in self.head.split(b"\r\n")[1:])
        return [value for key, _, value in fields if key.lower() == wanted]


class Visitor:
    """A raw client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    async def answer(self, *, head_only: bool = False) -> Answer:
        """Return the next answer, interim ones included."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return Answer(b"", b"", whole=False)
            try:
                return Answer(head, await self._body(head, head_only=head_only))
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                return Answer(head, getattr(error, "partial", b""), whole=False)

    async def _body(self, head: bytes, *, head_only: bool) -> bytes:
        answer = Answer(head, b"")
        if head_only or answer.status < 200 or answer.status in (204, 304):
            return b""
        if answer.all("Transfer-Encoding") == [b"chunked"]:
            return await self._chunks()
        if lengths := answer.all("Content-Length"):
            return await self.reader.readexactly(int(lengths[0]))
        return await self.reader.read()

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return body

    async def get(self, target: str = "/", *fields: str, version: str = "HTTP/1.1") -> Answer:
        lines = (f"GET {target} {version}", "Host: app.test", *fields, "", "")
        self.send("\r\n".join(lines).encode("latin-1"))
        return await self.answer()

    async def rest(self) -> bytes:
        """Return everything up to the end of the connection, which must come."""
        async with asyncio.timeout(PATIENCE_S):
            data = bytearray()
            with contextlib.suppress(ConnectionError):
                while chunk := await self.reader.read(65536):
                    data += chunk
            return bytes(data)

    async def silent(self, seconds: float = 0.15) -> bool:
        """Whether nothing comes, not even an end."""
        try:
            async with asyncio.timeout(seconds):
                return not await self.reader.read(1) and False
        except TimeoutError:
            return True

    def half_close(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()


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

    async def visitor(self) -> Visitor:
        opened = await asyncio.open_connection("127.0.0.1", self.listener.port, limit=2**20)
        self._visitors.append(Visitor(*opened))
        return self._visitors[-1]

    async def exchange(self, raw: bytes) -> Answer:
        """Send raw bytes on a connection of their own and return the first answer."""
        visitor = await self.visitor()
        visitor.send(raw)
        return await visitor.answer()

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
    stage = Stage(limits, **upstream)
    await stage.start()
    try:
        yield stage
    finally:
        await stage.stop()


async def eventually(condition: Callable[[], bool]) -> None:
    """The condition holds now, or soon; otherwise the test fails by time-out."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)
