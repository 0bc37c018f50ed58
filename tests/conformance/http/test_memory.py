"""Nothing of ours outlives what it was made for."""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from sidecar.proxy.client import Request
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.exchange import Exchange
from sidecar.proxy.front import Front
from sidecar.proxy.inlet import Inlet
from sidecar.proxy.limits import Limits
from sidecar.proxy.tunnel import Tunnel
from tests.conformance.http.corpus import CHUNKED, FRAMING, get, post
from tests.conformance.http.harness import OK, Peer, Stage, Visitor, eventually, staged
from tests.conformance.http.test_websocket import HANDSHAKE, SWITCH, UPGRADE

OURS = (Front, Inlet, Request, Exchange, Tunnel, UpstreamConnection)
ROUNDS = 25


async def moody(peer: Peer) -> None:
    """Answers as the request asks it to."""
    while head := await peer.head():
        if b"Upgrade: websocket" in head:
            peer.send(SWITCH)
            await peer.rest()
        elif b"/cut" in head:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
            peer.close()
        elif b"/rubbish" in head:
            peer.send(b"rubbish\r\n\r\n")
        elif b"/extra" in head:
            peer.send(OK + OK)
        elif b"/silent" in head or b"chunked" in head or b"Content-Length" in head:
            await peer.rest()
        else:
            peer.send(OK)


async def good(visitor: Visitor) -> None:
    assert (await visitor.get()).body == b"ok"
    assert (await visitor.get("/own")).body == b"own"
    assert (await visitor.get("/page")).body == b"hello ada"


async def pipelining(visitor: Visitor) -> None:
    visitor.send(get() * 20)
    await visitor.answer()


async def leaving(visitor: Visitor) -> None:
    visitor.send(get(line=b"GET /silent HTTP/1.1"))
    await visitor.silent(0.002)


async def refused(visitor: Visitor) -> None:
    visitor.send(FRAMING["F6-cl-te"][0])
    assert (await visitor.answer()).status == 400


async def broken(visitor: Visitor) -> None:
    visitor.send(post(CHUNKED, b"5\r\nhello\r\nzz\r\n"))
    await visitor.answer()


async def half(visitor: Visitor) -> None:
    visitor.send(post(b"Content-Length: 9\r\n", b"half"))
    await visitor.silent(0.002)


async def half_a_head(visitor: Visitor) -> None:
    visitor.send(get()[:-2])
    await visitor.silent(0.002)


async def tunnel(visitor: Visitor) -> None:
    visitor.send(HANDSHAKE + UPGRADE + b"early")
    assert (await visitor.answer()).status == 101


def asking(target: str) -> Callable[[Visitor], Awaitable[None]]:
    async def ask(visitor: Visitor) -> None:
        await visitor.get(target)

    return ask


ACTS = (
    *(good, pipelining, leaving, refused, broken, half, half_a_head, tunnel),
    *(asking(target) for target in ("/cut", "/rubbish", "/extra", "/boom", "/page/bug")),
)


def alive() -> Counter[str]:
    """Return how many objects of ours there are, after whatever is unreachable has gone."""
    gc.collect()
    kinds = Counter(type(one) for one in gc.get_objects() if type(one) in OURS)
    return Counter({kind.__name__: count for kind, count in kinds.items()})


async def play(stage: Stage) -> None:
    for act in ACTS:
        visitor = await stage.visitor()
        await act(visitor)
        visitor.abort()


@pytest.mark.http("3.6", "S2")
@pytest.mark.threat(69)
@pytest.mark.both_loops
async def test_objects_do_not_pile_up(caplog: pytest.LogCaptureFixture) -> None:
    """Shows, after hundreds of visits of every good and hostile kind, that there are as many
    connections, requests, exchanges and tunnels as after none: none.
    """
    caplog.set_level("CRITICAL")
    before = alive()
    async with staged(Limits(sweep_s=0.01, linger_s=0.02)) as stage:
        stage.app.script = moody
        for _ in range(ROUNDS):
            await play(stage)
        await eventually(lambda: stage.listener.connections == 0)
        await stage.pool.close()
        await asyncio.sleep(0.02)
        during = alive() - before
    assert during == Counter()
    assert alive() - before == Counter()
    assert len(ACTS) * ROUNDS > 300
