"""F rows of the correctness table: where a request ends is beyond doubt, or it is refused."""

import pytest

from tests.conformance.http.harness import Stage

H = b"Host: app.test\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def post(fields: bytes, body: bytes = b"", *, version: bytes = b"1.1") -> bytes:
    return b"POST /x HTTP/%b\r\n%b%b\r\n%b" % (version, H, fields, body)


def get(fields: bytes = b"", *, line: bytes = b"GET /x HTTP/1.1", host: bytes = H) -> bytes:
    return b"%b\r\n%b%b\r\n" % (line, host, fields)


REFUSED = {
    "F1-bare-lf": (b"GET / HTTP/1.1\nHost: app.test\n\n", {400}),
    "F1-lf-field": (get(b"X: 1\nY: 2\r\n"), {400}),
    "F1-bare-cr": (get(b"X: a\rb\r\n"), {400}),
    "F1-nul": (get(b"X: a\0b\r\n"), {400}),
    "F1-control": (get(b"X: a\x01b\r\n"), {400}),
    "F1-delete": (get(b"X: a\x7fb\r\n"), {400}),
    "F2-space-first": (b"GET /x HTTP/1.1\r\n Host: app.test\r\n\r\n", {400}),
    "F2-two-spaces": (get(line=b"GET  /x HTTP/1.1"), {400}),
    "F2-two-spaces-later": (get(line=b"GET /x  HTTP/1.1"), {400}),
    "F2-tab": (get(line=b"GET\t/x HTTP/1.1"), {400}),
    "F2-tab-later": (get(line=b"GET /x\tHTTP/1.1"), {400}),
    "F2-trailing-space": (get(line=b"GET /x HTTP/1.1 "), {400}),
    "F3-http09": (b"GET /x\r\n\r\n", {400, 505}),
    "F3-http09-version": (get(line=b"GET /x HTTP/0.9"), {400, 505}),
    "F3-http20": (get(line=b"GET /x HTTP/2.0"), {400, 505}),
    "F3-http12": (get(line=b"GET /x HTTP/1.2"), {400, 505}),
    "F3-preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "F4-space-before-colon": (get(b"X : 1\r\n"), {400}),
    "F4-empty-name": (get(b": 1\r\n"), {400}),
    "F4-no-colon": (get(b"X\r\n"), {400}),
    "F4-bad-name": (get(b"X(y): 1\r\n"), {400}),
    "F5-obs-fold": (get(b"X: 1\r\n 2\r\n"), {400}),
    "F6-cl-te": (post(b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n"), {400}),
    "F6-te-cl": (post(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n"), {400}),
    "F7-gzip-chunked": (post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), {400, 501}),
    "F7-xchunked": (post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), {400, 501}),
    "F7-chunked-identity": (post(b"Transfer-Encoding: chunked, identity\r\n"), {400, 501}),
    "F7-comma-chunked": (post(b"Transfer-Encoding: ,chunked\r\n", b"0\r\n\r\n"), {400, 501}),
    "F7-empty": (post(b"Transfer-Encoding: \r\n"), {400, 501}),
    "F7-empty-with-cl": (post(b"Transfer-Encoding: \r\nContent-Length: 1\r\n", b"x"), {400, 501}),
    "F7-quoted": (post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"), {400, 501}),
    "F7-vertical-tab": (post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"), {400, 501}),
    "F7-twice": (post(CHUNKED + CHUNKED, b"0\r\n\r\n"), {400, 501}),
    "F7-http10": (post(CHUNKED, b"0\r\n\r\n", version=b"1.0"), {400}),
    "F8-twice-same": (post(b"Content-Length: 1\r\nContent-Length: 1\r\n", b"x"), {400}),
    "F8-twice-different": (post(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"xy"), {400}),
    "F8-list": (post(b"Content-Length: 5, 5\r\n", b"xxxxx"), {400}),
    "F8-plus": (post(b"Content-Length: +5\r\n", b"xxxxx"), {400}),
    "F8-minus": (post(b"Content-Length: -5\r\n", b"xxxxx"), {400}),
    "F8-hex": (post(b"Content-Length: 0x5\r\n", b"xxxxx"), {400}),
    "F8-underscore": (post(b"Content-Length: 1_0\r\n", b"x" * 10), {400}),
    "F8-empty": (post(b"Content-Length: \r\n"), {400}),
    "F8-23-digits": (post(b"Content-Length: 99999999999999999999999\r\n", b"x"), {400}),
    "T3-connect-authority": (b"CONNECT app.test:443 HTTP/1.1\r\n" + H + b"\r\n", {400, 405, 501}),
    "T3-connect-path": (get(line=b"CONNECT /x HTTP/1.1"), {400, 405, 501}),
    "T4-get-star": (get(line=b"GET * HTTP/1.1"), {400}),
    "T4-star-path": (get(line=b"OPTIONS */x HTTP/1.1"), {400}),
    "T5-fragment": (get(line=b"GET /x#y HTTP/1.1"), {400}),
    "T5-fragment-in-query": (get(line=b"GET /x?a#y HTTP/1.1"), {400}),
    "T6-no-host": (get(host=b""), {400}),
    "T6-two-hosts": (get(b"Host: evil.test\r\n"), {400}),
    "T6-two-hosts-http10": (get(b"Host: evil.test\r\n", line=b"GET / HTTP/1.0"), {400}),
    "T6-empty": (get(host=b"Host: \r\n"), {400}),
    "T6-space": (get(host=b"Host: a b\r\n"), {400}),
    "T6-slash": (get(host=b"Host: a/b\r\n"), {400}),
    "T6-userinfo": (get(host=b"Host: u@h\r\n"), {400}),
    "T6-query": (get(host=b"Host: h:80/foo?x\r\n"), {400}),
    "T6-list": (get(host=b"Host: a, b\r\n"), {400}),
    "T6-port": (get(host=b"Host: a:port\r\n"), {400}),
    "T6-8bit": (get(host=b"Host: a\xff\r\n"), {400}),
    "T7-lower-case": (get(line=b"get /x HTTP/1.1"), {400, 501}),
    "T7-unknown": (get(line=b"FOO /x HTTP/1.1"), {400, 501}),
    "T7-trace": (get(line=b"TRACE /x HTTP/1.1"), {405}),
    "T1-raw-8bit": (get(line=b"GET /\xc3\xa9 HTTP/1.1"), {400}),
    "H7-tls-on-plain": (b"\x16\x03\x01\x02\x00\x01\x00", {400}),
    "F20-target": (get(line=b"GET /" + b"x" * 9000 + b" HTTP/1.1"), {414}),
    "F20-cookie": (get(b"Cookie: a=" + b"x" * 30000 + b"\r\n"), {431}),
    "F20-count": (get(b"".join(b"X-%d: 1\r\n" % n for n in range(130))), {431}),
    "F20-total": (get(b"".join(b"X-%d: %b\r\n" % (n, b"y" * 8000) for n in range(12))), {431}),
}


@pytest.mark.parametrize("row", REFUSED, ids=REFUSED)
async def test_refused(stage: Stage, row: str) -> None:
    """Shows that a request somebody could read differently is answered once, ends the
    connection, and is neither judged nor forwarded.
    """
    raw, statuses = REFUSED[row]
    visitor = await stage.visitor()
    visitor.send(raw)
    answer = await visitor.answer()
    assert answer.status in statuses
    assert answer.all("Connection") == [b"close"]
    assert await visitor.rest() == b""
    assert stage.app.seen == b""
    assert b"/x" not in answer.head + answer.body


BROKEN_CHUNKS = {
    "F9-hex-prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "F9-plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "F9-space-before": b" 5\r\nhello\r\n0\r\n\r\n",
    "F9-space-after": b"5 \r\nhello\r\n0\r\n\r\n",
    "F9-overflow": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "F9-no-crlf": b"5\r\nhello0\r\n\r\n",
    "F9-lf-extension": b"5;a\nhello\r\n0\r\n\r\n",
    "F9-cr-extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "F9-lf-size": b"5\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("later", [False, True], ids=["at-once", "in-a-later-packet"])
@pytest.mark.parametrize("row", BROKEN_CHUNKS, ids=BROKEN_CHUNKS)
async def test_broken_chunks(stage: Stage, row: str, later: bool) -> None:
    """Shows that a chunk against the grammar is a 400 and no application sees a whole request."""
    visitor = await stage.visitor()
    visitor.send(post(CHUNKED) + (b"" if later else BROKEN_CHUNKS[row]))
    if later:
        while not stage.app.seen:
            await visitor.silent(0.01)
        visitor.send(BROKEN_CHUNKS[row])
    answer = await visitor.answer()
    assert answer.status == 400
    assert answer.all("Connection") == [b"close"]
    assert await visitor.rest() == b""
    assert not stage.app.seen.endswith(b"0\r\n\r\n")


async def test_f9_extension(stage: Stage) -> None:
    """Shows that a chunk extension is dropped and the body stays equal."""
    answer = await stage.exchange(post(CHUNKED, b"5;a=b\r\nhello\r\n0\r\n\r\n"))
    assert answer.status == 200
    assert b"hello" in stage.app.seen
    assert b"a=b" not in stage.app.seen


async def test_f10_trailers(stage: Stage) -> None:
    """Shows that trailers never become headers, nor go on."""
    trailers = b"Authorization: evil\r\nX-Forwarded-User: evil\r\n"
    answer = await stage.exchange(post(CHUNKED, b"2\r\nhi\r\n0\r\n" + trailers + b"\r\n"))
    assert answer.status == 200
    assert b"evil" not in stage.app.seen
    assert all(b"Authorization" not in dict(seen.headers) for seen in stage.judge.judged)


async def test_f8_leading_zeros(stage: Stage) -> None:
    """Shows that a length with leading zeros goes on in its plainest form."""
    answer = await stage.exchange(post(b"Content-Length: 005\r\n", b"hello"))
    assert answer.status == 200
    assert b"Content-Length: 5\r\n" in stage.app.seen
    assert stage.app.seen.endswith(b"\r\n\r\nhello")


async def test_f20_total_in_pieces(stage: Stage) -> None:
    """Shows that the bound on all fields holds when they trickle in."""
    visitor = await stage.visitor()
    visitor.send(b"GET /x HTTP/1.1\r\n" + H)
    for number in range(12):
        visitor.send(b"X-%d: %b\r\n" % (number, b"y" * 8000))
        await visitor.drain()
        await visitor.silent(0.01)
    assert (await visitor.answer()).status == 431
    assert stage.app.seen == b""


async def test_f20_legal(stage: Stage) -> None:
    """Shows that heads just below the bounds pass."""
    answer = await stage.exchange(get(b"Cookie: a=" + b"x" * 15000 + b"\r\n"))
    assert answer.status == 200


async def test_refused_behind_good(stage: Stage) -> None:
    """Shows that requests before a refused one are answered first (THREATS 27)."""
    visitor = await stage.visitor()
    visitor.send(get())
    assert (await visitor.answer()).body == b"ok"
    visitor.send(get() + get(line=b"TRACE /x HTTP/1.1") + get())
    assert (await visitor.answer()).body == b"ok"
    assert (await visitor.answer()).status == 405
    assert await visitor.rest() == b""
    assert stage.app.seen.count(b"GET /x") == 2
