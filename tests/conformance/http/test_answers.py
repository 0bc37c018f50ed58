"""F, H and S rows about answers: each visitor gets theirs, whole or visibly broken."""

import asyncio

import pytest

from tests.conformance.http.harness import OK, Peer, Stage, saying, staged
from tests.conformance.http.ids import rows

pytestmark = pytest.mark.both_loops

BODILESS = {
    "F14-204": (b"204 No Content", b"", b""),
    "F14-204-length": (b"204 No Content", b"Content-Length: 5\r\n", b""),
    "F14-304-length": (b"304 Not Modified", b"Content-Length: 5\r\n", b""),
    "F14-304": (b"304 Not Modified", b"ETag: x\r\n", b""),
    "F14-204-body": (b"204 No Content", b"Content-Length: 5\r\n", b"hello"),
}


@pytest.mark.http("F14", "3.3.6")
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


@pytest.mark.http("F14", "3.3.6")
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


@pytest.mark.http("3.3.13")
@pytest.mark.parametrize("row", rows(BROKEN_HEADS))
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


LOOSE = {
    "F5-fold": b"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
    "F5-fold-tab": b"HTTP/1.1 200 OK\r\nX: 1\r\n\t2\r\nContent-Length: 0\r\n\r\n",
    "F1-line-feeds": b"HTTP/1.1 200 OK\nX: 1 2\nContent-Length: 0\n\n",
    "F1-line-feed": b"HTTP/1.1 200 OK\r\nX: 1 2\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.http("3.3.12")
@pytest.mark.parametrize("row", rows(LOOSE))
async def test_loose_answer(stage: Stage, row: str) -> None:
    """Shows that an answer in loose lines is none, or leaves in strict ones."""
    stage.app.script = saying(LOOSE[row], close=True)
    head = (await (await stage.visitor()).get()).head
    strict = (b"X: 1 2", b"X: 12", b"X: 1\t2")
    passed = [b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 0\r\n\r\n" % line for line in strict]
    assert head in passed or head.startswith(b"HTTP/1.1 502 ")


@pytest.mark.http("F12", "3.3.14")
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


@pytest.mark.http("S7")
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


@pytest.mark.http("S7")
async def test_s7_refused() -> None:
    """Shows that an application that is down is a 502, and the connection goes on."""
    async with staged() as stage:
        await stage.app.stop()
        visitor = await stage.visitor()
        assert (await visitor.get()).status == 502
        assert (await visitor.get("/own")).body == b"own"


@pytest.mark.http("F16", "3.3.5")
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


@pytest.mark.http("F16")
async def test_f16_http10_keep_alive(stage: Stage) -> None:
    """Shows that an HTTP/1.0 client that asks for it keeps its connection where lengths allow."""
    visitor = await stage.visitor()
    for _ in range(2):
        answer = await visitor.get("/", "Connection: keep-alive", version="HTTP/1.0")
        assert answer.all("Connection") == [b"keep-alive"]
        assert answer.body == b"ok"


@pytest.mark.http("F16")
async def test_f16_until_close_becomes_chunks(stage: Stage) -> None:
    """Shows that a body that ends with its connection is chunked for an HTTP/1.1 client."""
    stage.app.script = saying(b"HTTP/1.0 200 OK\r\n\r\nhello", close=True)
    visitor = await stage.visitor()
    for _ in range(2):
        answer = await visitor.get()
        assert (answer.body, answer.all("Transfer-Encoding")) == (b"hello", [b"chunked"])


@pytest.mark.http("H3", "H4", "H6", "T1", "3.3.9", "3.3.10")
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


@pytest.mark.http("H1", "H2", "3.3.4")
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
    assert stage.judge.heads[0] == (200, True)


@pytest.mark.http("H5")
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
