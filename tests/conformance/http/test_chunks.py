"""F9 to F11: chunks to the letter, and half a body is half a body."""

import asyncio

import pytest

from tests.conformance.http.corpus import BROKEN_CHUNKS, CHUNKED, post
from tests.conformance.http.harness import OK, Peer, Stage, eventually, staged
from tests.conformance.http.ids import rows

FORWARDED = b"POST /x HTTP/1.1\r\nHost: app.test\r\n"


@pytest.mark.threat(27)
@pytest.mark.both_loops
@pytest.mark.parametrize("later", [False, True], ids=["at-once", "in-a-later-packet"])
@pytest.mark.parametrize("row", rows(BROKEN_CHUNKS))
async def test_broken_chunks(stage: Stage, row: str, later: bool) -> None:
    """Shows that a chunk against the grammar is a 400, and that an application which has seen the
    head already never sees the end of its body.
    """
    visitor = await stage.visitor()
    visitor.send(post(CHUNKED) + (b"" if later else BROKEN_CHUNKS[row]))
    if later:
        await eventually(lambda: bool(stage.app.seen))
        visitor.send(BROKEN_CHUNKS[row])
    answer = await visitor.answer()
    assert (answer.status, answer.all("Connection")) == (400, [b"close"])
    assert await visitor.rest() == b""
    for peer in stage.app.peers:
        await eventually(peer.over.is_set)
        assert peer.seen.startswith(FORWARDED + CHUNKED + b"\r\n")
        assert not peer.seen.endswith(b"0\r\n\r\n")


@pytest.mark.http("F9", "S6")
@pytest.mark.threat(69)
@pytest.mark.parametrize("target", [b"/x", b"/page/echo"], ids=["proxied", "page"])
async def test_broken_at_the_edge_of_a_chunk(target: bytes) -> None:
    """Shows that a body is broken at once, also where the packet that breaks it first ends a
    chunk: a waiting reader is woken for that end, and must hear of what follows it.
    """
    async with staged(head_timeout_s=0.3) as stage:
        visitor = await stage.visitor()
        visitor.send(post(CHUNKED).replace(b"/x", target, 1) + b"5\r\nhello")
        await stage.judged(1)
        await visitor.silent(0.05)
        visitor.send(b"\r\nzz\r\n")
        async with asyncio.timeout(0.6):
            assert (await visitor.answer()).status == 400


CHUNKS = {
    "F9-plain": (b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "F9-extension": (b"5;a=b\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "F9-last-extension": (b"5\r\nhello\r\n0;c\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "F9-quoted-extension": (b'5;a="b;c"\r\nhello\r\n0\r\n\r\n', b"5\r\nhello\r\n0\r\n\r\n"),
    "F9-zeros": (b"0005\r\nhello\r\n000\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "F9-upper-case": (b"A\r\nhello you!\r\n0\r\n\r\n", b"a\r\nhello you!\r\n0\r\n\r\n"),
    "F9-empty": (b"0\r\n\r\n", b"0\r\n\r\n"),
    "F9-an-end-inside": (b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
    "F10-trailers": (
        b"2\r\nhi\r\n0\r\nAuthorization: evil\r\nX-Forwarded-User: evil\r\nHost: evil\r\n\r\n",
        b"2\r\nhi\r\n0\r\n\r\n",
    ),
}
CLOSED = OK[:-4] + b"Connection: close\r\n\r\n"


@pytest.mark.http("3.3.3", "3.3.8")
@pytest.mark.both_loops
@pytest.mark.parametrize("row", rows(CHUNKS))
async def test_chunks(stage: Stage, row: str) -> None:
    """Shows that sound chunks go on in their plainest form, extensions and trailers dropped, and
    that a trailer is no field of the request. Where there are any the connection ends.
    """
    sent, seen = CHUNKS[row]
    head = (await stage.exchange(post(CHUNKED, sent))).head
    assert head == (OK[:-2] if sent.endswith(b"\r\n0\r\n\r\n") or sent == seen else CLOSED)
    assert stage.app.seen == FORWARDED + CHUNKED + b"\r\n" + seen
    assert [len(inbound.headers) for inbound in stage.judge.judged] == [2]


@pytest.mark.http("F10")
@pytest.mark.threat(27)
@pytest.mark.both_loops
@pytest.mark.parametrize("at", ["together", "apart", "inside"])
async def test_trailers_are_no_fields_of_the_next_request(stage: Stage, at: str) -> None:
    """Shows that nobody's trailers speak in the next request, whoever shares the connection."""
    first = post(CHUNKED, b"2\r\nhi\r\n0\r\nA: b\r\nX-User: eve\r\n\r\n")
    second = b"GET /next HTTP/1.1\r\nHost: app.test\r\n\r\n"
    visitor = await stage.visitor()
    for part in {
        "together": (first + second,),
        "apart": (first, second),
        "inside": (first[:-4], first[-4:] + second),
    }[at]:
        visitor.send(part)
        await visitor.silent(0.02)
    assert (await visitor.answer()).all("Connection") == [b"close"]
    assert await visitor.rest() == b""
    assert [inbound.target for inbound in stage.judge.judged] == ["/x"]
    assert b"eve" not in stage.app.seen


@pytest.mark.http("F10", "F20")
async def test_large_trailers(stage: Stage) -> None:
    """Shows that trailers have bounds too, whenever they come."""
    for later in (True, False):
        visitor = await stage.visitor()
        visitor.send(post(CHUNKED, b"2\r\nhi\r\n"))
        if later:
            await eventually(lambda: bool(stage.app.peers))
        visitor.send(b"0\r\n" + b"X: %b\r\n" % (b"y" * 40_000) + b"\r\n")
        assert (await visitor.answer()).status in {400, 431}
        assert await visitor.rest() == b""
    assert not stage.app.seen.endswith(b"0\r\n\r\n")


@pytest.mark.http("F11")
@pytest.mark.both_loops
@pytest.mark.parametrize(
    ("fields", "sent", "seen"),
    [
        (b"Content-Length: 9\r\n", b"part", b"part"),
        (CHUNKED, b"4\r\npart\r\n", b"4\r\npart\r\n"),
        (CHUNKED, b"4\r\npa", b"2\r\npa\r\n"),
        (CHUNKED, b"4\r\npart\r\n0\r\n", b"4\r\npart\r\n"),
    ],
    ids=["length", "chunks", "in-a-chunk", "in-the-end"],
)
async def test_f11_cut_upload(stage: Stage, fields: bytes, sent: bytes, seen: bytes) -> None:
    """Shows that of half a body half a body goes on, and then the connection breaks."""
    stage.app.script = Peer.rest
    visitor = await stage.visitor()
    visitor.send(post(fields, sent))
    await eventually(lambda: stage.app.seen.count(b"pa") > 0)
    visitor.abort()
    await eventually(stage.app.peers[0].over.is_set)
    assert stage.app.seen == FORWARDED + fields + b"\r\n" + seen
