"""W rows: a tunnel opens after the application's own 101, carries bytes, and ends on both sides."""

import asyncio

import pytest

from sidecar.proxy.limits import Limits
from tests.conformance.http.harness import OK, Peer, Stage, Visitor, eventually, staged

pytestmark = pytest.mark.both_loops

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\nCookie: s=1\r\ncookie: t=2\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: chat, x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
)
UPGRADE = b"Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    b"Sec-WebSocket-Protocol: chat\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
)


async def echo(peer: Peer) -> None:
    await peer.head()
    peer.send(SWITCH)
    while data := await peer.some():
        peer.send(data)
        await peer.drain()


async def opened(stage: Stage, glued: bytes = b"") -> Visitor:
    visitor = await stage.visitor()
    visitor.send(HANDSHAKE + UPGRADE + glued)
    assert (await visitor.answer()).status == 101
    return visitor


@pytest.mark.http("W2")
async def test_w2_handshake_is_end_to_end(stage: Stage) -> None:
    """Shows that the handshake's fields pass unchanged both ways, and 101 is the application's."""
    stage.app.script = echo
    visitor = await stage.visitor()
    visitor.send(HANDSHAKE + UPGRADE)
    answer = await visitor.answer()
    assert answer.head == SWITCH.replace(
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    )
    assert stage.app.seen == HANDSHAKE + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert stage.judge.judged[0].upgrade
    assert [status for status, _ in stage.judge.heads] == [101]


@pytest.mark.http("W1")
@pytest.mark.threat(65)
async def test_w1_denied(stage: Stage) -> None:
    """Shows that a handshake is judged before anybody answers it (THREATS 65)."""
    answer = await stage.exchange(HANDSHAKE.replace(b"/ws", b"/deny") + UPGRADE + b"frames")
    assert answer.status == 401
    assert stage.app.seen == b""


@pytest.mark.http("W1", "H7")
@pytest.mark.threat(65)
@pytest.mark.parametrize(
    "raw",
    [
        HANDSHAKE.replace(b"GET", b"POST", 1) + UPGRADE,
        HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0") + UPGRADE,
        HANDSHAKE + b"Upgrade: websocket\r\n\r\n",
        HANDSHAKE + b"Connection: Upgrade\r\n\r\n",
        HANDSHAKE + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        HANDSHAKE + b"Content-Length: 4\r\n" + UPGRADE + b"body",
    ],
    ids=["W1-post", "W1-http10", "W1-no-connection", "W1-no-upgrade", "H7-h2c", "W1-body"],
)
async def test_w1_no_handshake(stage: Stage, raw: bytes) -> None:
    """Shows that nothing but a real handshake opens a tunnel, whatever the application says."""
    stage.app.script = echo
    assert (await stage.exchange(raw)).status == 502
    assert b"Upgrade:" not in stage.app.seen
    assert not stage.judge.judged[0].upgrade


@pytest.mark.http("F13", "F19", "3.1G")
async def test_switched_unasked(stage: Stage) -> None:
    """Shows that a connection whose application switched protocols unasked serves nobody else: the
    next visitor's request, cookies and all, would be the bytes of somebody's tunnel.
    """
    stage.app.script = echo
    assert (await (await stage.visitor()).get()).status == 502
    kept = stage.idle
    await stage.pool.close()
    assert kept == 0


@pytest.mark.http("W3")
async def test_w3_glued_both_ways(stage: Stage) -> None:
    """Shows that bytes glued to either handshake are delivered."""

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.send(SWITCH + b"hello")
        await peer.exactly(5)
        peer.send(b"got it")
        await peer.rest()

    stage.app.script = script
    visitor = await opened(stage, b"early")
    assert await visitor.reader.readexactly(11) == b"hellogot it"
    assert stage.app.seen.endswith(b"\r\n\r\nearly")


@pytest.mark.http("W3")
async def test_w3_early_bytes_wait(stage: Stage) -> None:
    """Shows that what a client sends before the 101 reaches the application only behind it."""
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await go.wait()
        peer.send(SWITCH)
        await peer.exactly(300_000)
        peer.send(b"all")
        await peer.rest()

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(HANDSHAKE + UPGRADE)
    visitor.send(b"x" * 300_000)
    await visitor.silent(0.05)
    assert stage.app.seen.endswith(b"\r\n\r\n")
    go.set()
    assert (await visitor.answer()).status == 101
    assert await visitor.reader.readexactly(3) == b"all"


@pytest.mark.http("W4")
async def test_w4_bytes_are_bytes(stage: Stage) -> None:
    """Shows that five megabytes of anything come back equal."""
    stage.app.script = echo
    visitor = await opened(stage)
    data = bytes(range(256)) * 20_000
    visitor.send(data)
    async with asyncio.timeout(4):
        assert await visitor.reader.readexactly(len(data)) == data


@pytest.mark.http("W4", "S3")
async def test_w4_slow_side_slows_the_other(stage: Stage) -> None:
    """Shows that an application that does not read holds the client back."""
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.send(SWITCH)
        await go.wait()
        await peer.exactly(40_000_000)
        peer.send(b"all")
        await peer.rest()

    stage.app.script = script
    visitor = await opened(stage)

    async def push() -> None:
        for _ in range(40):
            visitor.send(b"x" * 1_000_000)
            await visitor.drain()

    async with asyncio.timeout(4), asyncio.TaskGroup() as group:
        pushing = group.create_task(push())
        await asyncio.sleep(0.3)
        assert not pushing.done()
        go.set()
    async with asyncio.timeout(4):
        assert await visitor.reader.readexactly(3) == b"all"


@pytest.mark.http("W2")
async def test_w2_declined(stage: Stage) -> None:
    """Shows that an application's refusal is relayed, and what was glued is requests again."""

    async def script(peer: Peer) -> None:
        while head := await peer.request():
            refused = b"HTTP/1.1 403 Forbidden\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nno"
            peer.send(refused if b"Upgrade" in head else OK)

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(HANDSHAKE + UPGRADE + GET)
    answer = await visitor.answer()
    assert (answer.status, answer.all("Set-Cookie"), answer.body) == (403, [b"a=1"], b"no")
    assert (await visitor.answer()).body == b"ok"
    assert (await visitor.get()).body == b"ok"


@pytest.mark.threat(27)
async def test_body_of_a_handshake_is_a_body(stage: Stage) -> None:
    """Shows that a request hidden in a handshake's body stays a body (CVE-2026-69243)."""
    hidden = b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
    visitor = await stage.visitor()
    visitor.send(HANDSHAKE + b"Content-Length: %d\r\n" % len(hidden) + UPGRADE + hidden + GET)
    assert (await visitor.answer()).body == b"ok"
    assert (await visitor.answer()).body == b"ok"
    assert [seen.target for seen in stage.judge.judged] == ["/ws", "/x"]


@pytest.mark.http("W5")
@pytest.mark.parametrize("who", ["client", "application"])
async def test_w5_one_side_ends_the_other(stage: Stage, who: str) -> None:
    """Shows that a tunnel ends on both sides, after its last bytes, and the pipeline knows."""

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.send(SWITCH)
        await peer.exactly(3)
        if who == "application":
            peer.send(b"bye")
            peer.close()
        await peer.rest()

    stage.app.script = script
    visitor = await opened(stage)
    visitor.send(b"end")
    if who == "client":
        visitor.send(b"last")
        visitor.close()
        await eventually(stage.app.peers[0].over.is_set)
        assert stage.app.seen.endswith(b"endlast")
    else:
        assert await visitor.rest() == b"bye"
    await eventually(lambda: stage.judge.ended == 1 and stage.listener.connections == 0)


@pytest.mark.http("W5")
async def test_w5_idle() -> None:
    """Shows that a tunnel nobody uses ends after its time, and use in either way prolongs it."""
    async with staged(Limits(tunnel_idle_s=0.2, sweep_s=0.02)) as stage:

        async def script(peer: Peer) -> None:
            await peer.head()
            peer.send(SWITCH)
            for _ in range(5):
                await asyncio.sleep(0.1)
                peer.send(b"x")
            await peer.rest()

        stage.app.script = script
        visitor = await opened(stage)
        assert await visitor.rest() == b"xxxxx"
        await eventually(lambda: stage.judge.ended == 1)


@pytest.mark.http("F13", "W5")
async def test_tunnel_connection_is_never_reused(stage: Stage) -> None:
    """Shows that what was a tunnel serves no other visitor."""
    stage.app.script = echo
    visitor = await opened(stage)
    visitor.close()
    await eventually(lambda: stage.judge.ended == 1)
    assert stage.idle == 0
