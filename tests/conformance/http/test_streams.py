"""F11, F18, F19 and S rows about bodies on their way: nothing is held back, nothing piles up."""

import asyncio

import pytest

from tests.conformance.http.harness import OK, Peer, Stage, eventually, saying, staged

EMPTY = b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.http("S5")
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


@pytest.mark.http("S5")
async def test_s5_upload_is_no_silence() -> None:
    """Shows that an upload longer than the head's time is not an application being late."""
    async with staged(head_timeout_s=0.15) as stage:
        visitor = await stage.visitor()
        visitor.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.06)
            visitor.send(b"x")
        assert (await visitor.answer()).body == b"ok"


@pytest.mark.http("S1")
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


@pytest.mark.http("S1", "3.3.17")
@pytest.mark.both_loops
async def test_s1_many_streams(stage: Stage) -> None:
    """Shows that a hundred and fifty open streams keep nobody waiting, and end one by one."""
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        while head := await peer.request():
            if b"/stream" not in head:
                peer.send(OK)
                continue
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            await go.wait()
            peer.send(b"3\r\ntwo\r\n0\r\n\r\n")

    stage.app.script = script
    visitors = [await stage.visitor() for _ in range(150)]
    for visitor in visitors:
        visitor.send(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    for visitor in visitors:
        assert await visitor.reader.readuntil(b"one\r\n")
    assert (await (await stage.visitor()).get()).body == b"ok"
    go.set()
    for visitor in visitors:
        assert await visitor.reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"


@pytest.mark.http("F19", "3.3.7")
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


@pytest.mark.http("F19")
async def test_hostile_interim(stage: Stage) -> None:
    """Shows that an interim answer that could be split is not passed on."""
    stage.app.script = saying(b"HTTP/1.1 103 Early Hints\r\nX: a\x01b\r\n\r\n" + OK)
    assert (await (await stage.visitor()).get()).status == 502


EXPECTING = b"POST %b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"


@pytest.mark.http("F18")
async def test_f18_denied_before_100(stage: Stage) -> None:
    """Shows that somebody who may not pass is told so instead of being asked for the body."""
    answer = await stage.exchange(EXPECTING % b"/deny")
    assert (answer.status, answer.all("Connection")) == (401, [b"close"])
    assert stage.app.seen == b""


@pytest.mark.http("F18")
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


@pytest.mark.http("F18")
async def test_f18_application_refuses(stage: Stage) -> None:
    """Shows that an application's 417 comes without a 100 before it."""

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.send(EMPTY % b"417 Expectation Failed")
        await peer.rest()

    stage.app.script = script
    assert (await stage.exchange(EXPECTING % b"/up")).status == 417


@pytest.mark.http("F18")
@pytest.mark.parametrize(
    "expected", ["100-Continue", "200-maybe", "100-continue, 200-maybe", "", "100"]
)
async def test_f18_unknown(stage: Stage, expected: str) -> None:
    """Shows that what nobody knows to expect makes nobody wait, and goes to the application."""
    raw = f"POST / HTTP/1.1\r\nHost: a\r\nExpect: {expected}\r\nContent-Length: 5\r\n\r\nhello"
    assert (await stage.exchange(raw.encode())).body == b"ok"
    assert stage.app.seen == raw.encode()


@pytest.mark.http("F18")
async def test_f18_pages(stage: Stage) -> None:
    """Shows that a page that reads a body asks for it."""
    visitor = await stage.visitor()
    visitor.send(EXPECTING % b"/page/echo")
    assert (await visitor.answer()).status == 100
    visitor.send(b"hello")
    assert (await visitor.answer()).body == b"hello"


@pytest.mark.http("S4")
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


@pytest.mark.http("S3")
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


@pytest.mark.http("S3")
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


@pytest.mark.http("F11")
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
