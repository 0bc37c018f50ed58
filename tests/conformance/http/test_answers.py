"""F, H and S rows about answers: each visitor gets theirs, whole or visibly broken."""

import asyncio

import pytest

from tests.conformance.http.harness import OK, Peer, Stage, eventually, saying, staged

EMPTY = b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "extra",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"\r\nHTTP", b"garbage"],
    ids=["F13-answer", "F13-partial", "F13-garbage"],
)
async def test_f13_late_extra(stage: Stage, extra: bytes) -> None:
    """Shows that what an application says unasked reaches none of the next four visitors."""
    sent = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        if len(stage.app.peers) == 1:
            await asyncio.sleep(0.05)
            peer.send(extra)
            sent.set()
        while await peer.request():
            peer.send(OK)

    stage.app.script = script
    first = await stage.visitor()
    assert (await first.get()).body == b"ok"
    await sent.wait()
    await eventually(stage.app.peers[0].over.is_set)
    for _ in range(4):
        assert (await (await stage.visitor()).get()).body == b"ok"


@pytest.mark.parametrize(
    "extra",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        b"HTTP/1.1 200 OK\r\nX-Y: ",
        b"garbage",
    ],
    ids=["F13-whole", "F13-partial", "F13-garbage"],
)
async def test_f13_extra_in_same_packet(stage: Stage, extra: bytes) -> None:
    """Shows that an extra answer in the packet of a good one spoils the connection for others."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            peer.send(OK + (extra if len(stage.app.peers) == 1 else b""))

    stage.app.script = script
    for _ in range(5):
        answer = await (await stage.visitor()).get()
        assert answer.body == b"ok"
        assert b"X-Y" not in answer.head
    assert len(stage.app.peers) == 2


async def test_f13_bytes_in_the_kernel(stage: Stage) -> None:
    """Shows that bytes which arrived just before a connection is taken again are noticed."""
    visitor = await stage.visitor()
    assert (await visitor.get()).body == b"ok"
    lane = stage.pool._lanes["app"]
    await eventually(lambda: len(lane.idle) == 1)
    stage.app.peers[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    connection = await stage.pool.take("app")  # no turn of the loop in between
    assert not connection.reused
    stage.pool.give(connection, whole=False)


BODILESS = {
    "F14-204": (b"204 No Content", b"", b""),
    "F14-204-length": (b"204 No Content", b"Content-Length: 5\r\n", b""),
    "F14-304-length": (b"304 Not Modified", b"Content-Length: 5\r\n", b""),
    "F14-304": (b"304 Not Modified", b"ETag: x\r\n", b""),
    "F14-204-body": (b"204 No Content", b"Content-Length: 5\r\n", b"hello"),
}


@pytest.mark.parametrize("row", BODILESS, ids=BODILESS)
async def test_f14_bodiless(stage: Stage, row: str) -> None:
    """Shows that a status without a body has none, and the next answers are intact."""
    status, fields, body = BODILESS[row]

    async def script(peer: Peer) -> None:
        while head := await peer.request():
            odd = b"GET /odd" in head
            peer.send(b"HTTP/1.1 " + status + b"\r\n" + fields + b"\r\n" + body if odd else OK)

    stage.app.script = script
    visitor = await stage.visitor()
    answer = await visitor.get("/odd")
    assert answer.status == int(status[:3])
    assert answer.all("Content-Length") == ([b"5"] if row == "F14-304-length" else [])
    for _ in range(3):
        assert (await visitor.get()).body == b"ok"


@pytest.mark.parametrize(
    "fields",
    [b"Content-Length: 1000\r\n", b"Transfer-Encoding: chunked\r\n", b""],
    ids=["length", "chunked", "neither"],
)
async def test_f14_head(stage: Stage, fields: bytes) -> None:
    """Shows that an answer to HEAD ends with its head, on both connections."""

    async def script(peer: Peer) -> None:
        while head := await peer.request():
            only = head.startswith(b"HEAD")
            peer.send(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" if only else OK)

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(b"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = await visitor.answer(head_only=True)
    assert answer.all("Content-Length") == ([b"1000"] if b"Length" in fields else [])
    assert (await visitor.answer()).body == b"ok"
    assert (await visitor.get()).body == b"ok"


BROKEN_HEADS = {
    "S7-no-http": b"hello\r\n\r\n",
    "S7-nul": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "S7-control": b"HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n",
    "S7-bare-cr": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "F6-cl-te": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "F7-gzip-chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "F7-identity": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nx",
    "F7-http10": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "F8-two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    "F19-101-unasked": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "F19-101-upgrade-unasked": (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    ),
    "F20-field": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40000 + b"\r\nContent-Length: 0\r\n\r\n",
    "F20-count": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"Content-Length: 0\r\n\r\n",
    "S7-endless-interim": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40,
}


@pytest.mark.parametrize("row", BROKEN_HEADS, ids=BROKEN_HEADS)
async def test_unreadable_answer(stage: Stage, row: str) -> None:
    """Shows that an answer that is none becomes a 502 which tells nothing of it."""
    stage.app.script = saying(BROKEN_HEADS[row], close=True)
    visitor = await stage.visitor()
    answer = await visitor.get()
    while answer.status == 103:
        answer = await visitor.answer()
    assert (answer.status, answer.all("X-Slug")) == (502, [b"upstream-unreachable"])
    assert stage.judge.ended == 1
    assert b"Set-Cookie" not in answer.head


async def test_f5_folded_answer(stage: Stage) -> None:
    """Shows that a folded field of an answer reaches nobody folded."""
    stage.app.script = saying(b"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 0\r\n\r\n")
    answer = await (await stage.visitor()).get()
    assert answer.status == 502 or answer.all("X") == [b"1 2"]


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
    ],
    ids=["F12-length", "F12-chunked"],
)
async def test_f12_cut_answer(stage: Stage, answer: bytes, version: str, how: str) -> None:
    """Shows that half an answer is seen broken, also by a client that only knows the end of the
    connection as the end of a body.
    """

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(answer)
        await asyncio.sleep(0.05)
        getattr(peer, how)()

    stage.app.script = script
    visitor = await stage.visitor()
    got = await visitor.get(version=version)
    assert got.status == 200
    assert not got.whole
    assert b"100" in got.head or b"0\r\n\r\n" not in got.body


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_s7_gone_before_head(stage: Stage, how: str) -> None:
    """Shows that an application that breaks before it answers is a 502, at once."""

    async def script(peer: Peer) -> None:
        await peer.request()
        getattr(peer, how)()

    stage.app.script = script
    visitor = await stage.visitor()
    answer = await visitor.get()
    assert (answer.status, answer.all("X-Slug")) == (502, [b"upstream-unreachable"])
    assert b"127.0.0.1" not in answer.head + answer.body
    assert len(stage.app.peers) == 1


async def test_s7_refused() -> None:
    """Shows that an application that is down is a 502, and the connection goes on."""
    async with staged() as stage:
        await stage.app.stop()
        visitor = await stage.visitor()
        assert (await visitor.get()).status == 502
        assert (await visitor.get("/own")).body == b"own"


async def test_s5_slow_head() -> None:
    """Shows that an application that does not answer in time is a 504 and loses the connection."""
    async with staged(head_timeout_s=0.1) as stage:

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.rest()

        stage.app.script = script
        answer = await (await stage.visitor()).get()
        assert (answer.status, answer.all("X-Slug")) == (504, [b"upstream-timed-out"])
        await eventually(stage.app.peers[0].over.is_set)


async def test_s5_upload_is_no_silence() -> None:
    """Shows that an upload longer than the head's time is not an application being late."""
    async with staged(head_timeout_s=0.15) as stage:
        visitor = await stage.visitor()
        visitor.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.06)
            visitor.send(b"x")
        assert (await visitor.answer()).body == b"ok"


async def test_f15_stale_connection_is_replaced(stage: Stage) -> None:
    """Shows that an idempotent request survives a connection that dies under it, once."""
    stage.app.script = _dies_at_the_second_request(stage)
    visitor = await stage.visitor()
    assert (await visitor.get("/1")).body == b"ok"
    assert (await visitor.get("/2")).body == b"ok"
    assert stage.app.seen.count(b"GET /2") == 2
    assert stage.judge.ended == 2


async def test_f15_never_twice(stage: Stage) -> None:
    """Shows that what may have acted is not sent again."""
    stage.app.script = _dies_at_the_second_request(stage)
    visitor = await stage.visitor()
    assert (await visitor.get("/1")).body == b"ok"
    visitor.send(b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    assert (await visitor.answer()).status == 502
    assert stage.app.seen.count(b"POST /2") == 1


async def test_f15_not_behind_a_first_byte(stage: Stage) -> None:
    """Shows that a request is not repeated once a byte of its answer has come."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.request()
        peer.send(b"HTTP/1.1 2")

    stage.app.script = script
    visitor = await stage.visitor()
    assert (await visitor.get("/1")).body == b"ok"
    assert (await visitor.get("/2")).status == 502
    assert stage.app.seen.count(b"GET /2") == 1


def _dies_at_the_second_request(stage: Stage):  # noqa: ANN202 - a script
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.request()
        if len(stage.app.peers) > 1:
            peer.send(OK)

    async def fresh_ones_answer(peer: Peer) -> None:
        if len(stage.app.peers) == 1:
            await script(peer)
        else:
            await peer.request()
            peer.send(OK)
            await peer.rest()

    return fresh_ones_answer


@pytest.mark.parametrize("asked", ["", "Connection: keep-alive"])
async def test_f16_http10_gets_no_chunks(stage: Stage, asked: str) -> None:
    """Shows that an HTTP/1.0 client gets an unchunked body, and its end is the connection's."""
    stage.app.script = saying(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    visitor = await stage.visitor()
    answer = await visitor.get("/", *([asked] if asked else []), version="HTTP/1.0")
    assert answer.body == b"hello"
    assert answer.all("Transfer-Encoding") == []
    assert answer.all("Connection") == [b"close"]


async def test_f16_http10_keep_alive(stage: Stage) -> None:
    """Shows that an HTTP/1.0 client that asks for it keeps its connection where lengths allow."""
    visitor = await stage.visitor()
    for _ in range(2):
        answer = await visitor.get("/", "Connection: keep-alive", version="HTTP/1.0")
        assert answer.all("Connection") == [b"keep-alive"]
        assert answer.body == b"ok"


async def test_f16_until_close_becomes_chunks(stage: Stage) -> None:
    """Shows that a body that ends with its connection is chunked for an HTTP/1.1 client."""
    stage.app.script = saying(b"HTTP/1.0 200 OK\r\n\r\nhello", close=True)
    visitor = await stage.visitor()
    for _ in range(2):
        answer = await visitor.get()
        assert (answer.body, answer.all("Transfer-Encoding")) == (b"hello", [b"chunked"])


async def test_h3_h4_h6_head_is_exact(stage: Stage) -> None:
    """Shows that fields keep order, spelling, doubles and bytes; nothing is added or joined."""
    fields = (
        b"X-A: 1\r\nX-A: 2\r\nx-a: 3\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n"
        b"Location: /caf\xe9\r\nContent-Length: 2\r\nX-Long:  spaced \t\r\n"
    )
    stage.app.script = saying(b"HTTP/1.1 299 Gro\xdf\r\n" + fields + b"\r\nok")
    visitor = await stage.visitor()
    request = b"X-Role: ad\xffmin\r\nX-A: 1\r\nx-A: 2\r\nCookie: a=1\r\ncookie: s=\xfe\xfd1\r\n"
    visitor.send(b"GET /a%2Fb/../?q[]=1&? HTTP/1.1\r\nHost: App.test\r\n" + request + b"\r\n")
    answer = await visitor.answer()
    expected = fields.replace(b":  spaced \t", b": spaced")
    assert answer.head == b"HTTP/1.1 299 Gro\xdf\r\n" + expected + b"\r\n"
    assert stage.app.seen == (
        b"GET /a%2Fb/../?q[]=1&? HTTP/1.1\r\nHost: App.test\r\n" + request + b"\r\n"
    )


async def test_h1_h2_hop_by_hop(stage: Stage) -> None:
    """Shows that an answer's hop-by-hop fields stay here, and nominating does not remove what
    protects the visitor.
    """
    stage.app.script = saying(
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop, Set-Cookie, Content-Length\r\nX-Hop: 1\r\n"
        b"Keep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nTrailer: x\r\nUpgrade: h2c\r\n"
        b"Set-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok"
    )
    answer = await (await stage.visitor()).get()
    assert answer.head == b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\n"
    assert stage.judge.heads[0] == (200, ((b"Set-Cookie", b"a=1"), (b"Content-Length", b"2")))


async def test_h5_bodies_are_bytes(stage: Stage) -> None:
    """Shows that coded bodies pass undecoded, both ways, even broken ones."""
    body = b"\x1f\x8bnot really gzip"
    stage.app.script = saying(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 17\r\n\r\n" + body
    )
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 17\r\n\r\n"
    answer = await stage.exchange(request + body)
    assert answer.body == body
    assert stage.app.seen == request + body


@pytest.mark.parametrize("pieces", [1, 3])
async def test_s1_pieces_are_not_held_back(stage: Stage, pieces: int) -> None:
    """Shows that each piece of a stream is with the client before the next one is sent."""
    steps: asyncio.Queue[bytes] = asyncio.Queue()

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while piece := await steps.get():
            peer.send(piece)

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"chunked" in await visitor.reader.readuntil(b"\r\n\r\n")
    for number in range(pieces):
        steps.put_nowait(b"data: %d\n\n" % number)
        assert await visitor.reader.readuntil(b"\n\n\r\n") == b"9\r\ndata: %d\n\n\r\n" % number
    steps.put_nowait(b"")
    assert await visitor.reader.readexactly(5) == b"0\r\n\r\n"


async def test_f18_f19_interim(stage: Stage) -> None:
    """Shows that interim answers pass, without cookies, and not to HTTP/1.0."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nSet-Cookie: a=1\r\n\r\n"
    stage.app.script = saying(hints + OK)
    visitor = await stage.visitor()
    first = await visitor.get()
    assert (first.status, first.all("Link")) == (103, [b"</a>; rel=preload"])
    assert first.all("Set-Cookie") == []
    assert (await visitor.answer()).body == b"ok"
    old = await stage.visitor()
    assert (await old.get(version="HTTP/1.0")).status == 200


EXPECTING = b"POST %b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"


async def test_f18_denied_before_100(stage: Stage) -> None:
    """Shows that somebody who may not pass is told so instead of being asked for the body."""
    answer = await stage.exchange(EXPECTING % b"/deny")
    assert (answer.status, answer.all("Connection")) == (401, [b"close"])
    assert stage.app.seen == b""


async def test_f18_application_decides(stage: Stage) -> None:
    """Shows that the application's own 100 opens the upload."""

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await peer.exactly(5) == b"hello"
        peer.send(OK)
        await peer.rest()

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(EXPECTING % b"/up")
    assert (await visitor.answer()).status == 100
    visitor.send(b"hello")
    assert (await visitor.answer()).body == b"ok"
    assert (await visitor.get("/own")).body == b"own"


async def test_f18_application_refuses(stage: Stage) -> None:
    """Shows that an application's 417 comes without a 100 before it."""

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.send(EMPTY % b"417 Expectation Failed")
        await peer.rest()

    stage.app.script = script
    assert (await stage.exchange(EXPECTING % b"/up")).status == 417


async def test_f18_pages(stage: Stage) -> None:
    """Shows that a page that reads a body asks for it."""
    visitor = await stage.visitor()
    visitor.send(EXPECTING % b"/page/echo")
    assert (await visitor.answer()).status == 100
    visitor.send(b"hello")
    assert (await visitor.answer()).body == b"hello"


async def test_s4_early_answer(stage: Stage) -> None:
    """Shows that an answer in the middle of an upload reaches the client, and no reset kills it."""

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await peer.rest()

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n")
    visitor.send(b"x" * 1_000_000)
    answer = await visitor.answer()
    assert (answer.status, answer.body) == (413, b"big")
    assert answer.all("Connection") == [b"close"]
    assert await visitor.rest() == b""


async def test_s3_slow_reader_slows_the_sender() -> None:
    """Shows that a client that does not read holds the application back, not our memory."""
    async with staged() as stage:
        sent = 0

        async def script(peer: Peer) -> None:
            nonlocal sent
            await peer.request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 80000000\r\n\r\n")
            for _ in range(80):
                peer.send(b"x" * 1_000_000)
                await peer.drain()
                sent += 1

        stage.app.script = script
        visitor = await stage.visitor()
        visitor.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.3)
        stuck = sent
        await asyncio.sleep(0.2)
        assert sent == stuck < 40
        assert len((await visitor.answer()).body) == 80_000_000


async def test_s3_slow_application_slows_the_upload(stage: Stage) -> None:
    """Shows that an application that does not read holds the client back."""
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await go.wait()
        await peer.exactly(40_000_000)
        peer.send(OK)

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000000\r\n\r\n")

    async def push() -> None:
        for _ in range(40):
            visitor.send(b"x" * 1_000_000)
            await visitor.drain()

    async with asyncio.TaskGroup() as group:
        pushing = group.create_task(push())
        await asyncio.sleep(0.3)
        assert not pushing.done()
        go.set()
    assert (await visitor.answer()).body == b"ok"


async def test_f11_broken_upload_is_seen_broken(stage: Stage) -> None:
    """Shows that a client that dies in its upload leaves the application no whole request."""
    for framing, end in (
        (b"Content-Length: 9", b"part"),
        (b"Transfer-Encoding: chunked", b"4\r\n"),
    ):
        visitor = await stage.visitor()
        visitor.send(b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n%b" % (framing, end))
        await eventually(lambda: bool(stage.app.peers) and bool(stage.app.peers[-1].seen))
        visitor.abort()
        peer = stage.app.peers[-1]
        await eventually(peer.over.is_set)
        assert not peer.seen.endswith(b"0\r\n\r\n")
        stage.app.peers.clear()
