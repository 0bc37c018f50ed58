"""H rows: fields and bodies arrive as they were sent, and nothing arrives that was not."""

import gzip
import hashlib
import zlib
from collections.abc import Iterable

import pytest

from sidecar.proxy.headers import HOP_BY_HOP
from tests.conformance.http.corpus import CHUNKED, get, post
from tests.conformance.http.harness import OK, Peer, Stage, saying

KINDS = b"".join(bytes((byte,)) for byte in (9, *range(0x20, 0x7F), *range(0x80, 0x100)))


@pytest.mark.http("H4", "3.1B")
@pytest.mark.both_loops
async def test_h4_every_byte(stage: Stage) -> None:
    """Shows, for each byte a value can have, that it goes there and back, alone and in company."""
    values = [b"a%bb" % bytes((byte,)) for byte in KINDS]
    values += [KINDS.strip(), b"ad\xffmin", b"s=\xfe\xfd1", "café".encode(), b"caf\xe9", b""]
    for first in range(0, len(values), 100):
        some = enumerate(values[first : first + 100])
        fields = b"".join(b"X-%d: %b\r\n" % pair for pair in some)
        await there_and_back(stage, fields)


async def there_and_back(stage: Stage, fields: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n%bContent-Length: 0\r\n\r\n" % fields
    stage.app.peers.clear()
    await stage.pool.close()
    stage.app.script = saying(answer)
    assert (await stage.exchange(get(fields))).head == answer
    assert stage.app.seen == get(fields)


@pytest.mark.http("H3", "3.1C")
@pytest.mark.parametrize(
    "fields",
    [
        b"X-A: 1\r\nX-A: 2\r\nx-a: 3\r\n",
        b"Cookie: a=1\r\ncookie: b=2\r\nCOOKIE: c=3\r\n",
        b"X-Forwarded-For: 1\r\nx-forwarded-for: 2\r\n",
        b"a: 1\r\nB: 2\r\nA: 3\r\nb: 4\r\na: 1\r\n",
        b'Accept: a, b\r\nAccept: c\r\nCookie: a=1; b=2\r\nIf-None-Match: "x", "y"\r\n',
        b"X: \r\nX: \r\nx:\t \r\n",
        b"!#$%&'*+-.^_`|~09azAZ: every character of a name\r\n",
    ],
)
async def test_h3_doubled(stage: Stage, fields: bytes) -> None:
    """Shows that doubled fields arrive in their number, order and spelling; none is joined."""
    await stage.exchange(get(fields))
    assert stage.app.seen == get(fields.replace(b"\t ", b" "))


@pytest.mark.http("H3")
async def test_h3_doubled_in_answers(stage: Stage) -> None:
    """Shows that cookies and links of an answer are never joined."""
    fields = (
        b"Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\nset-cookie: a=2\r\n"
        b'WWW-Authenticate: Basic\r\nWWW-Authenticate: Digest realm="a, b"\r\n'
        b"Link: </a>\r\nlink: </b>\r\nVary: a\r\nVary: a\r\n"
    )
    answer = b"HTTP/1.1 401 Unauthorized\r\n%bContent-Length: 0\r\n\r\n" % fields
    stage.app.script = saying(answer)
    assert (await stage.exchange(get())).head == answer


@pytest.mark.http("H1", "3.3.4")
@pytest.mark.parametrize("name", sorted(HOP_BY_HOP - {b"transfer-encoding", b"connection"}))
async def test_h1_answers(stage: Stage, name: bytes) -> None:
    """Shows that what an application says of its connection stays on it."""
    for spelled in (name, name.upper(), name.title()):
        field = b"%b: y\r\n" % spelled
        stage.app.script = saying(b"HTTP/1.1 200 OK\r\n%bX: 1\r\nContent-Length: 0\r\n\r\n" % field)
        await stage.pool.close()
        answer = await stage.exchange(get())
        assert answer.head == b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.http("H1", "H2", "F6", "F7")
@pytest.mark.parametrize(
    "rest", [b"Content-Length: 2\r\n", b"Transfer-Encoding: gzip, chunked\r\n"]
)
async def test_behind_a_nominating_field(stage: Stage, rest: bytes) -> None:
    """Shows that an answer which nominates one of its fields ends where it says it does: never is
    a length sent beside chunks, nor a coding lost that was in the way of understanding the body.
    """
    body = b"ok" if b"Length" in rest else b"2\r\nok\r\n0\r\n\r\n"
    stage.app.script = saying(
        b"HTTP/1.1 200 OK\r\nConnection: x\r\nX: y\r\n%b\r\n%b" % (rest, body)
    )
    answer = await stage.exchange(get())
    if b"Length" in rest:
        assert (answer.head, answer.body) == (b"HTTP/1.1 200 OK\r\n%b\r\n" % rest, b"ok")
    else:
        assert answer.status == 502


@pytest.mark.http("H7", "W1")
@pytest.mark.parametrize(
    "fields",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n",
        b"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
        b"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
        b"Connection: upgrade\r\nUpgrade: \xe2\x84\xaa\r\n",
    ],
)
async def test_h7_other_upgrades(stage: Stage, fields: bytes) -> None:
    """Shows that no other protocol is asked for, and what is glued to the question is forgotten."""
    visitor = await stage.visitor()
    visitor.send(get(fields) + get())
    answer = await visitor.answer()
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.all("Upgrade") == []
    assert await visitor.rest() == b""
    assert stage.app.seen == get()


@pytest.mark.http("H6", "3.3.9", "3.3.10")
async def test_h6_nothing_is_added(stage: Stage) -> None:
    """Shows that the barest request and the barest answer arrive bare."""
    stage.app.script = saying(b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n")
    for method in (b"GET", b"POST", b"DELETE"):
        stage.app.peers.clear()
        await stage.pool.close()
        raw = b"%b / HTTP/1.1\r\nHost: a\r\n\r\n" % method
        assert (await stage.exchange(raw)).head == b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"
        assert stage.app.seen == raw


@pytest.mark.http("H8")
async def test_h8_no_memory(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that redirects come back, cookies are nobody's but the visitor's, and that proxies of
    the environment are not used.
    """
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    away = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
    stage.app.script = saying(away)
    for _ in range(3):
        assert (await stage.exchange(get())).head == away
    assert stage.app.seen == get() * 3


BODIES = {
    "H5-gzip": (b"gzip", gzip.compress(b"x" * 100_000)),
    "H5-deflate": (b"deflate", zlib.compress(bytes(range(256)) * 50)),
    "H5-broken-gzip": (b"gzip", b"\x1f\x8bnot really gzip"),
    "H5-half-gzip": (b"gzip", gzip.compress(b"x" * 1000)[:-8]),
    "H5-empty-gzip": (b"gzip", b""),
    "H5-brotli": (b"br", b"\x0b\x02\x80hello\x03"),
    "H5-zstd": (b"zstd", b"\x28\xb5\x2f\xfd\x04\x00\x29\x00\x00hello"),
    "H5-unknown": (b"x-rot13", b"uryyb"),
    "H5-twice": (b"gzip, gzip", gzip.compress(gzip.compress(b"x" * 1000))),
    "H5-large": (b"identity", bytes(range(256)) * 2000),
}


@pytest.mark.http("H5", "3.3.1", "3.3.2", "3.3.3")
@pytest.mark.both_loops
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("row", BODIES)
async def test_h5_bodies(stage: Stage, row: str, chunked: bool) -> None:
    """Shows that coded bodies, sound or broken, have the same hash at both ends, both ways."""
    coding, body = BODIES[row]
    fields = b"Content-Encoding: %b\r\n" % coding
    fields += CHUNKED if chunked else b"Content-Length: %d\r\n" % len(body)
    wire = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked and body else body
    wire = wire or b"0\r\n\r\n" * chunked
    stage.app.script = saying(b"HTTP/1.1 200 OK\r\n%b\r\n%b" % (fields, wire))
    answer = await stage.exchange(post(fields, wire))
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(body).digest()
    assert answer.all("Content-Encoding") == [coding]
    head, _, seen = stage.app.seen.partition(b"\r\n\r\n")
    assert head + b"\r\n\r\n" == post(fields)
    assert (b"".join(unchunked(seen)) if chunked else seen) == body


def unchunked(wire: bytes) -> Iterable[bytes]:
    while wire != b"0\r\n\r\n":
        size, _, wire = wire.partition(b"\r\n")
        yield wire[: int(size, 16)]
        wire = wire[int(size, 16) + 2 :]


@pytest.mark.http("F20", "3.3.11")
@pytest.mark.parametrize(
    "fields",
    [b"Set-Cookie: a=" + b"x" * 20_000 + b"\r\n", b"".join(b"X-%d: 1\r\n" % n for n in range(250))],
    ids=["long", "many"],
)
async def test_large_answers(stage: Stage, fields: bytes) -> None:
    """Shows that the heads that applications are known to send pass, larger than aiohttp's own."""
    answer = b"HTTP/1.1 200 OK\r\n%bContent-Length: 2\r\n\r\n" % fields
    stage.app.script = saying(answer + b"ok")
    assert (await stage.exchange(get())).head == answer


@pytest.mark.http("F14", "F13")
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_body_that_must_not_be(stage: Stage, status: bytes) -> None:
    """Shows that the body behind an answer that has none is not the next visitors' answer."""
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

    async def script(peer: Peer) -> None:
        first = len(stage.app.peers) == 1
        while await peer.request():
            peer.send(b"HTTP/1.1 %b\r\n\r\n%b" % (status, evil) if first else OK)

    stage.app.script = script
    assert (await stage.exchange(get())).head == b"HTTP/1.1 %b\r\n\r\n" % status
    for _ in range(4):
        assert (await stage.exchange(get())).body == b"ok"
