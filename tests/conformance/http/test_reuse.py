"""F13 and F15: a connection to an application serves many visitors and mixes none of them up."""

import asyncio

import pytest

from sidecar.proxy.arrival import Inbound
from sidecar.proxy.limits import Limits
from sidecar.proxy.verdicts import Forward, Verdict, Wait
from tests.conformance.http.harness import OK, Peer, Script, Stage, eventually, saying_once, staged

pytestmark = pytest.mark.both_loops


@pytest.mark.http("F13")
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


@pytest.mark.http("F13")
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


@pytest.mark.http("F13")
async def test_f13_bytes_in_the_kernel(stage: Stage) -> None:
    """Shows that bytes which arrived just before a connection is taken again are noticed."""
    visitor = await stage.visitor()
    assert (await visitor.get()).body == b"ok"
    await eventually(lambda: stage.idle == 1)
    stage.app.peers[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    connection = await stage.pool.take("app")  # no turn of the loop in between
    assert not connection.reused
    stage.pool.give(connection, whole=False)


@pytest.mark.http("F15", "3.3.15")
async def test_f15_stale_connection_is_replaced(stage: Stage) -> None:
    """Shows that an idempotent request survives a connection that dies under it, once."""
    stage.app.script = _dies_at_the_second_request(stage)
    visitor = await stage.visitor()
    assert (await visitor.get("/1")).body == b"ok"
    assert (await visitor.get("/2")).body == b"ok"
    assert stage.app.seen.count(b"GET /2") == 2
    assert stage.judge.ended == 2


@pytest.mark.http("F15", "3.3.15")
@pytest.mark.parametrize(
    "raw",
    [
        b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        b"POST /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PATCH /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"LOCK /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        b"DELETE /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        b"PUT /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    ],
    ids=["post", "post-bare", "patch", "lock", "put", "delete", "put-chunked"],
)
async def test_f15_never_twice(stage: Stage, raw: bytes) -> None:
    """Shows that what may have acted, and what has a body, is not sent again."""
    stage.app.script = _dies_at_the_second_request(stage)
    visitor = await stage.visitor()
    assert (await visitor.get("/1")).body == b"ok"
    visitor.send(raw)
    assert (await visitor.answer()).status == 502
    assert stage.app.seen.count(b" /2 HTTP") == 1


@pytest.mark.http("F15", "3.3.15")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "OPTIONS"])
async def test_f15_at_most_twice(stage: Stage, method: str) -> None:
    """Shows that what is idempotent and has no body is sent once more, and then no more."""

    async def script(peer: Peer) -> None:
        if b" /1 " in await peer.request():
            peer.send(OK)
            await peer.request()

    stage.app.script = script
    visitor = await stage.visitor()
    assert (await visitor.get("/1")).body == b"ok"
    visitor.send(f"{method} /2 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert (await visitor.answer(head_only=method == "HEAD")).status == 502
    assert stage.app.seen.count(b" /2 HTTP") == 2


@pytest.mark.http("F15")
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


def _dies_at_the_second_request(stage: Stage) -> Script:
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


@pytest.mark.http("F10")
async def test_trailers_are_no_fields_of_the_next_answer(stage: Stage) -> None:
    """Shows that what an application says behind one answer is not in the next visitor's."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            trailer = b"Set-Cookie: app=ada\r\n"
            peer.send(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n%b\r\n"
                % trailer
            )

    stage.app.script = script
    for _ in range(3):
        answer = await (await stage.visitor()).get()
        assert (answer.body, answer.all("Set-Cookie")) == (b"ok", [])
    assert len(stage.app.peers) == 1


@pytest.mark.http("F15")
async def test_f15_not_because_it_is_late() -> None:
    """Shows that a request the application may be at work on is not sent again."""
    limits = Limits(sweep_s=0.02)
    for late in ({"head_timeout_s": 0.1}, {"total_timeout_s": 0.1}):
        async with staged(limits, **late) as stage:
            stage.app.script = saying_once(OK)
            visitor = await stage.visitor()
            assert (await visitor.get("/1")).body == b"ok"
            visitor.send(b"DELETE /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await visitor.answer()).status == 504
            assert stage.app.seen.count(b" /2 HTTP") == 1


@pytest.mark.http("F11", "F13")
@pytest.mark.parametrize("how", ["gone", "broken"])
async def test_half_a_request_is_never_followed(stage: Stage, how: str) -> None:
    """Shows that an application that answered early, and waits for the rest of a body that broke,
    does not get the next visitor's request for it.
    """
    look, answered = asyncio.Event(), asyncio.Event()

    class Looking(Forward):
        def on_head(self, status: int, sets_cookies: bool) -> Wait:  # noqa: ARG002
            answered.set()
            return waited()

    async def waited() -> None:
        await look.wait()

    async def judge(_inbound: Inbound) -> Verdict:
        return Looking("app", b"/logout", b"Host: a\r\n")

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.send(b"HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
        await peer.rest()

    stage.judge.verdict, stage.app.script = judge, script
    visitor = await stage.visitor()
    visitor.send(b"POST /logout HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart")
    await answered.wait()
    if how == "gone":
        visitor.abort()
        await eventually(lambda: stage.listener.connections == 0)
    else:
        visitor.send(b"of it, not the end\r\n")
        await visitor.silent(0.03)
    look.set()
    await eventually(stage.app.peers[0].over.is_set)
    assert stage.pool.state()["app"].idle == 0
