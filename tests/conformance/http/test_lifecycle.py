"""S rows: connections begin, wait, are cut and drain without harm."""

import asyncio
from dataclasses import replace

import pytest

from sidecar.proxy.limits import Limits
from tests.conformance.http.harness import OK, Peer, Stage, eventually, staged

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


QUICK = Limits(sweep_s=0.02, linger_s=0.2)


@pytest.mark.http("S2")
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
    ],
    ids=["S2-before-head", "S2-idle-stream", "S2-mid-length", "S2-mid-chunks"],
)
async def test_s2_client_gone(stage: Stage, answer: bytes) -> None:
    """Shows that a client's going away closes the application's connection at once."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(answer)
        await peer.rest()

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(GET)
    await eventually(lambda: GET in stage.app.seen)
    if answer:
        await visitor.reader.readuntil(b"\r\n\r\n")
    visitor.abort()
    async with asyncio.timeout(1):
        await stage.app.peers[0].over.wait()
    assert stage.judge.ended == 1


@pytest.mark.http("3.6")
@pytest.mark.threat(50)
async def test_state_changes_survive_the_client() -> None:
    """Shows that five aborted guesses are five counted guesses (THREATS 50)."""
    async with staged() as stage:
        for number in range(5):
            visitor = await stage.visitor()
            visitor.send(
                b"POST /page/count HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % number
            )
            await stage.judged(number + 1)
            await visitor.silent(0.02)
            visitor.abort()
        await eventually(lambda: stage.listener.connections == 0)
        stage.work.set()
        await eventually(lambda: sorted(stage.counted) == list("01234"))


@pytest.mark.http("S6", "3.6")
@pytest.mark.threat(69)
async def test_s6_silent_connection() -> None:
    """Shows that a connection that says nothing is closed without a word."""
    async with staged(replace(QUICK, head_s=0.1)) as stage:
        assert await (await stage.visitor()).rest() == b""


@pytest.mark.http("S6", "3.6")
@pytest.mark.threat(69)
async def test_s6_slow_head() -> None:
    """Shows that a head that trickles in is a 408, however steadily it comes."""
    async with staged(replace(QUICK, head_s=0.15)) as stage:
        visitor = await stage.visitor()
        for byte in b"GET /x HT":
            visitor.send(bytes((byte,)))
            await asyncio.sleep(0.03)
        assert (await visitor.answer()).status == 408
        assert await visitor.rest() == b""
        assert stage.judge.judged == []


@pytest.mark.http("S6", "3.6")
async def test_s6_keep_alive() -> None:
    """Shows that a connection between requests is closed without a word after its time."""
    async with staged(replace(QUICK, keep_alive_s=0.15)) as stage:
        visitor = await stage.visitor()
        assert (await visitor.get()).body == b"ok"
        assert await visitor.silent(0.05)
        assert (await visitor.get()).body == b"ok"
        assert await visitor.rest() == b""


@pytest.mark.http("S6", "3.6")
@pytest.mark.threat(69)
@pytest.mark.parametrize("target", [b"/x", b"/page/echo"], ids=["proxied", "page"])
async def test_s6_slow_body(target: bytes) -> None:
    """Shows that a body that stops arriving is a 408, and the application sees it broken."""
    async with staged(replace(QUICK, body_idle_s=0.1)) as stage:
        visitor = await stage.visitor()
        visitor.send(b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab" % target)
        answer = await visitor.answer()
        assert (answer.status, answer.all("Connection")) == (408, [b"close"])
        assert await visitor.rest() == b""
        if stage.app.peers:
            await eventually(stage.app.peers[0].over.is_set)


@pytest.mark.http("S6")
@pytest.mark.threat(69)
async def test_s6_unread_answer() -> None:
    """Shows that a client that leaves its answer unread loses it, and the application is freed."""
    async with staged(replace(QUICK, write_idle_s=0.2)) as stage:

        async def script(peer: Peer) -> None:
            await peer.request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n" + b"x" * 30_000_000)
            await peer.rest()

        stage.app.script = script
        visitor = await stage.visitor()
        visitor.send(GET)
        async with asyncio.timeout(3):
            await eventually(lambda: bool(stage.app.peers))
            await stage.app.peers[0].over.wait()


async def test_drain_finishes_what_was_begun(stage: Stage) -> None:
    """Shows that draining ends idle connections, finishes answers and says that it closes."""
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await go.wait()
        peer.send(OK)
        await peer.rest()

    stage.app.script = script
    idle, busy = await stage.visitor(), await stage.visitor()
    assert (await idle.get("/own")).body == b"own"
    busy.send(GET)
    await eventually(lambda: GET in stage.app.seen)
    async with asyncio.TaskGroup() as group:
        group.create_task(stage.listener.drain(3))
        assert await idle.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", stage.listener.port or 1)
        go.set()
        answer = await busy.answer()
        assert (answer.body, answer.all("Connection")) == (b"ok", [b"close"])
        busy.close()
    assert stage.listener.connections == 0


async def test_drain_cuts_what_does_not_end(stage: Stage) -> None:
    """Shows that draining ends in its time, whoever still waits."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.rest()

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(GET)
    await eventually(lambda: GET in stage.app.seen)
    async with asyncio.timeout(1):
        await stage.listener.drain(0.1)
    assert stage.judge.ended == 1
    assert await visitor.rest() == b""


@pytest.mark.threat(69)
async def test_crowded() -> None:
    """Shows that one address cannot take every connection, and room returns when it leaves."""
    async with staged(replace(QUICK, connections_per_address=2)) as stage:
        first, second, third = [await stage.visitor() for _ in range(3)]
        assert (await third.answer()).status == 503
        assert (await first.get()).body == (await second.get()).body == b"ok"
        first.close()
        third.close()
        await eventually(lambda: stage.listener.connections == 1)
        assert (await (await stage.visitor()).get()).body == b"ok"
        second.close()
        await eventually(lambda: stage.listener.connections == 1)


@pytest.mark.http("S5")
async def test_pool_limit() -> None:
    """Shows that an application gets no more connections than it takes; the next one waits."""
    async with staged(max_connections=1, connect_timeout_s=0.1) as stage:

        async def script(peer: Peer) -> None:
            while await peer.request():
                await asyncio.sleep(0.25)
                peer.send(OK)

        stage.app.script = script
        first, second = await stage.visitor(), await stage.visitor()
        first.send(GET)
        await eventually(lambda: GET in stage.app.seen)
        assert (await second.get()).status == 503
        assert (await first.answer()).body == b"ok"
        assert (await second.get()).body == b"ok"
        assert len(stage.app.peers) == 1
