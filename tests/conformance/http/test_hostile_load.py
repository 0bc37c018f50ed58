"""Whoever is slow, large or endless costs others nothing (THREATS 69)."""

import asyncio
import gzip

import pytest

from sidecar.proxy.limits import Limits
from tests.conformance.http.corpus import CHUNKED, get, post
from tests.conformance.http.harness import OK, Peer, Stage, Visitor, eventually, staged

SLOW = 200
MANY = 10_000
pytestmark = [pytest.mark.http("S6", "3.6"), pytest.mark.threat(69)]
IMPATIENT = Limits(head_s=0.5, body_idle_s=0.5, sweep_s=0.02, linger_s=5)
"""It lingers longer than the test lasts: nobody is reset who has not yet read that he is late."""


async def welcomed(stage: Stage) -> Visitor:
    """Return a normal visitor, who was here before the others came."""
    visitor = await stage.visitor()
    assert (await visitor.get()).body == b"ok"
    return visitor


async def answered_meanwhile(visitor: Visitor, until: asyncio.Task[None]) -> int:
    """Return how often a normal visitor was answered while the others were at it."""
    count = 0
    while not until.done() or not count:
        assert (await visitor.get()).body == b"ok"
        assert (await visitor.get("/page")).body == b"hello ada"
        count += 1
    return count


async def slowly(visitors: list[Visitor], raw: bytes) -> None:
    """Send one byte each in turn, until the front has had enough of every one of them."""
    ended = [asyncio.ensure_future(visitor.rest()) for visitor in visitors]
    for byte in raw:
        for visitor in visitors:
            visitor.send(bytes((byte,)))
        await asyncio.sleep(0.02)
        if all(one.done() for one in ended):
            break
    heard = await asyncio.gather(*ended)
    # On a busy machine the front may close one before it has read even the first byte.
    assert b"HTTP/1.1 408" in {answer[:12] for answer in heard} <= {b"HTTP/1.1 408", b""}


@pytest.mark.both_loops
@pytest.mark.parametrize(
    "raw",
    [get(b"X: %b\r\n" % (b"y" * 5000)), get(b"X: y\r\n" * 100)],
    ids=["one-long-field", "many-fields"],
)
async def test_slow_heads(raw: bytes) -> None:
    """Shows that two hundred clients who trickle their heads are told 408, and that meanwhile
    others are answered.
    """
    async with staged(IMPATIENT) as stage, asyncio.TaskGroup() as group:
        normal = await welcomed(stage)
        visitors = [await stage.sent(raw[:1]) for _ in range(SLOW)]
        slow = group.create_task(slowly(visitors, raw[1:]))
        assert await answered_meanwhile(normal, slow) > 0
        assert {seen.target for seen in stage.judge.judged} == {"/", "/page"}


@pytest.mark.both_loops
async def test_stalled_bodies() -> None:
    """Shows that two hundred uploads which stop are told 408, take no connection of the
    application with them, and keep nobody else waiting.
    """
    async with staged(IMPATIENT) as stage, asyncio.TaskGroup() as group:
        normal = await welcomed(stage)
        half = post(b"Content-Length: 9\r\n", b"half")
        visitors = [await stage.sent(half) for _ in range(SLOW)]
        slow = group.create_task(slowly(visitors, b""))
        assert await answered_meanwhile(normal, slow) > 0
        await eventually(lambda: sum(not peer.over.is_set() for peer in stage.app.peers) <= 1)


@pytest.mark.http("F20")
@pytest.mark.both_loops
async def test_many_fields(stage: Stage) -> None:
    """Shows that requests with ten thousand fields, whole or in pieces, are refused, and that
    others are answered between any two of them.
    """
    huge = get(b"".join(b"X-%d: y\r\n" % number for number in range(MANY)))
    normal = await stage.visitor()
    for number in range(20):
        hostile = await stage.visitor()
        hostile.send(huge[:4000] if number % 2 else huge)
        assert (await normal.get()).body == b"ok"
        if number % 2:
            hostile.send(huge[4000:])
        assert (await hostile.answer()).status == 431
    assert stage.app.seen.count(b"X-") == 0


async def test_endless_chunks(stage: Stage) -> None:
    """Shows that a body without an end passes in pieces, is held back where nobody takes it, and
    ends with its client; others are answered.
    """
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        if b"chunked" not in await peer.head():
            peer.send(OK)
            return
        await go.wait()
        await peer.rest()

    stage.app.script = script
    visitor = await stage.visitor()
    visitor.send(post(CHUNKED))
    piece = b"10000\r\n%b\r\n" % (b"x" * 65536)
    pushed = 0
    try:
        async with asyncio.timeout(0.5):
            for pushed in range(1000):  # noqa: B007 - how far it came is the result
                visitor.send(piece)
                await visitor.drain()
    except TimeoutError:
        pass
    assert 0 < pushed < 999
    assert (await (await stage.visitor()).get("/x")).body == b"ok"
    go.set()
    visitor.abort()
    await eventually(stage.app.peers[0].over.is_set)
    assert not stage.app.peers[0].seen.endswith(b"0\r\n\r\n")


@pytest.mark.http("3.3.2", "3.3.18")
@pytest.mark.parametrize("target", [b"/x", b"/page/echo"], ids=["proxied", "page"])
async def test_packed_bodies(stage: Stage, target: bytes) -> None:
    """Shows that a body which unpacks to a thousand times its size is never unpacked here."""
    bomb = gzip.compress(b"\0" * 10_000_000)
    fields = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(bomb)
    answer = await stage.exchange(post(fields, bomb).replace(b"/x", target, 1))
    assert answer.body == (bomb if target == b"/page/echo" else b"ok")
    assert stage.app.seen.endswith(bomb) == (target == b"/x")


@pytest.mark.http("3.3.18")
async def test_bodies_of_pages_are_bounded(stage: Stage) -> None:
    """Shows that a page does not read more than it may, however the body is told."""
    for fields, body in (
        (b"Content-Length: 70000\r\n", b"x" * 70_000),
        (CHUNKED, b"11170\r\n%b\r\n0\r\n\r\n" % (b"x" * 70_000)),
    ):
        raw = post(fields, body).replace(b"/x", b"/page/echo", 1)
        assert (await stage.exchange(raw)).status == 413
