"""F17 and what a connection carries: requests in order, pages beside them, nothing hostile."""

import logging

import pytest
import uvloop

from sidecar.proxy.arrival import Inbound
from sidecar.proxy.headers import block
from sidecar.proxy.verdicts import Forward, Reply, Verdict
from tests.conformance.http.harness import OK, Peer, Stage, staged

pytestmark = pytest.mark.both_loops

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.http("F17")
@pytest.mark.parametrize("count", [3, 8, 9, 200])
async def test_f17_pipelining(stage: Stage, count: int) -> None:
    """Shows that requests sent in one go are judged one by one and answered in order."""
    kinds = (b"/own", b"/page", b"/deny", b"/x", b"/x?%d")
    targets = [kinds[n % 5] % n if n % 5 == 4 else kinds[n % 5] for n in range(count)]
    expected = {b"/own": b"own", b"/page": b"hello ada", b"/deny": b"denied"}
    visitor = await stage.visitor()
    visitor.send(b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target for target in targets))
    for target in targets:
        assert (await visitor.answer()).body == expected.get(target, b"ok")
    assert [seen.target.encode() for seen in stage.judge.judged] == targets


@pytest.mark.http("F17")
async def test_f17_pipelined_bodies(stage: Stage) -> None:
    """Shows that slow bodies do not use up the places in the queue."""
    visitor = await stage.visitor()
    for number in range(20):
        visitor.send(b"POST /page/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        await visitor.silent(0.005)
        visitor.send(b"%04d" % number + GET + GET)
        assert (await visitor.answer()).body == b"%04d" % number
        assert (await visitor.answer()).body == b"ok"
        assert (await visitor.answer()).body == b"ok"


@pytest.mark.http("3.3.16")
async def test_half_close(stage: Stage) -> None:
    """Shows that a client that closes its side is gone: there is no answer."""
    visitor = await stage.visitor()
    visitor.send(GET)
    visitor.half_close()
    assert await visitor.rest() in (b"", OK)


@pytest.mark.threat(5)
async def test_judge_fails(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Shows that a pipeline that breaks lets nothing pass and repeats nothing of the request."""
    caplog.set_level(logging.DEBUG)
    visitor = await stage.visitor()
    answer = await visitor.get("/boom?s3cret")
    assert (answer.status, answer.all("X-Slug")) == (500, [b"internal-error"])
    assert answer.all("Connection") == [b"close"]
    assert stage.app.seen == b""
    assert "s3cret" not in caplog.text


async def test_pages(stage: Stage) -> None:
    """Shows that pages are served on the same connections: notes, redirects, streams, limits."""
    visitor = await stage.visitor()
    hello = await visitor.get("/page")
    assert hello.body == b"hello ada"
    assert hello.all("Server") == []
    assert (await visitor.get("/page/move")).all("Location") == [b"/page"]
    assert (await visitor.get("/page/none")).status == 404
    assert (await visitor.get("/page/stream")).body == b"onetwo"
    bug = await visitor.get("/page/bug")
    assert (bug.status, bug.all("X-Slug")) == (500, [b"internal-error"])
    big = b"POST /page/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99999
    assert (await stage.exchange(big)).status == 413


@pytest.mark.http("F9")
async def test_page_with_broken_body(stage: Stage) -> None:
    """Shows that a page meets a bad chunk as an error, not as an endless wait."""
    head = b"POST /page/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    visitor = await stage.visitor()
    visitor.send(head)
    await visitor.silent(0.03)
    visitor.send(b"zz\r\n")
    assert (await visitor.answer()).status == 400
    assert await visitor.rest() == b""


async def test_hostile_reply_headers(stage: Stage) -> None:
    """Shows that a line end in a header of ours cannot split an answer."""

    async def judge(_inbound: Inbound) -> Verdict:
        return Reply(303, ((b"Location", b"/a\r\nSet-Cookie: evil=1"),))

    stage.judge.verdict = judge
    answer = await (await stage.visitor()).get()
    assert answer.status == 500
    assert b"evil" not in answer.head


@pytest.mark.parametrize("part", ["target", "field"])
async def test_hostile_forward(stage: Stage, part: str) -> None:
    """Shows that a line end in what goes on cannot split a request."""
    evil = b"x\r\nX-Admin: 1"

    async def judge(_inbound: Inbound) -> Verdict:
        target = b"/" + evil if part == "target" else b"/"
        return Forward(
            "app", target, block(((b"Host", b"a"), (b"X", evil if part == "field" else b"")))
        )

    stage.judge.verdict = judge
    assert (await (await stage.visitor()).get()).status == {"target": 400, "field": 500}[part]
    assert stage.app.seen == b""


def test_uvloop() -> None:
    """Shows that the front works on uvloop as it does on asyncio's own loop."""

    async def play() -> None:
        async with staged() as stage:
            visitor = await stage.visitor()
            assert (await visitor.get()).body == b"ok"
            assert (await visitor.get("/page")).body == b"hello ada"
            visitor.send(b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            visitor.send(b"4\r\nlong\r\n0\r\n\r\n" + GET)
            assert (await visitor.answer()).body == b"ok"
            assert (await visitor.answer()).body == b"ok"
            visitor.send(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await visitor.answer()).status == 405
            assert await visitor.rest() == b""
            stage.app.script = _half_an_answer
            await stage.pool.close()
            assert not (await (await stage.visitor()).get()).whole

    uvloop.run(play())


async def _half_an_answer(peer: Peer) -> None:
    await peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
