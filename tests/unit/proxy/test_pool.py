"""Twin of sidecar/proxy/pool.py."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.core.errors import UpstreamBusy, UpstreamTimedOut, UpstreamUnreachable
from sidecar.proxy.pool import Pool, PoolState
from sidecar.proxy.upstream import Upstream
from tests.conformance.http.harness import OK, Application, Peer, eventually, saying

HEADERS = ((b"Host", b"App.test"), (b"Cookie", b"a=1"), (b"cookie", b"b=\xff"))


@pytest.fixture
async def app() -> AsyncIterator[Application]:
    made = Application()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def pool(app: Application) -> AsyncIterator[Pool]:
    made = Pool({"app": Upstream("app", app.url, idle_s=0.05)})
    yield made
    await made.close()


async def test_ask_is_exact(app: Application, pool: Pool) -> None:
    """Shows that a question goes out with exactly the given bytes, and its answer comes whole."""
    app.script = saying(
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nSet-Cookie: a=1\r\nTransfer-Encoding: chunked"
        b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    )
    for _ in range(2):
        asked = await pool.ask("app", b"/whoami?a=%20", HEADERS, timeout_s=1, limit_bytes=100)
        assert (asked.status, asked.body) == (302, b"hi")
        assert asked.headers == ((b"Location", b"/login"), (b"Set-Cookie", b"a=1"))
    question = (
        b"GET /whoami?a=%20 HTTP/1.1\r\nHost: App.test\r\nCookie: a=1\r\ncookie: b=\xff\r\n\r\n"
    )
    assert app.seen == question * 2
    assert len(app.peers) == 1


async def test_ask_limit(app: Application, pool: Pool) -> None:
    """Shows that an answer over the limit is a failure, never a part of it."""
    app.script = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsix666")
    with pytest.raises(UpstreamUnreachable):
        await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=5)
    assert (await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=6)).body == b"six666"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsix"])
async def test_ask_in_time_or_not(app: Application, pool: Pool, answer: bytes) -> None:
    """Shows that an answer that is not whole in time is a failure, and frees the connection."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(answer)
        await peer.rest()

    app.script = script
    with pytest.raises(UpstreamTimedOut):
        await pool.ask("app", b"/", HEADERS, timeout_s=0.05, limit_bytes=100)
    await eventually(app.peers[0].over.is_set)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsix", b"x"])
async def test_ask_broken(app: Application, pool: Pool, answer: bytes) -> None:
    """Shows that a broken answer is a failure."""
    app.script = saying(answer, close=True)
    with pytest.raises(UpstreamUnreachable):
        await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=100)


async def test_ask_over_a_stale_connection(app: Application, pool: Pool) -> None:
    """Shows that a question survives a pooled connection that dies under it."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.request()

    app.script = script
    for _ in range(2):
        asked = await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=100)
        assert asked.body == b"ok"
    assert app.seen.count(b"GET") == 3


async def test_ask_refused() -> None:
    """Shows that nobody listening is a failure."""
    pool = Pool({"app": Upstream("app", "http://127.0.0.1:1")})
    with pytest.raises(UpstreamUnreachable):
        await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=100)


async def test_idle_ends(app: Application, pool: Pool) -> None:
    """Shows that a connection is not kept longer than it may be."""
    await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=100)
    pool.sweep(asyncio.get_running_loop().time() + 0.04)
    assert not app.peers[0].over.is_set()
    pool.sweep(asyncio.get_running_loop().time() + 0.06)
    await eventually(app.peers[0].over.is_set)


async def test_connection_that_ended_unseen(app: Application, pool: Pool) -> None:
    """Shows that a connection whose end lies unread in the kernel is not given out."""
    await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=100)
    app.peers[0].end()  # no turn of the loop until the next line has looked
    connection = await pool.take("app")
    assert not connection.reused
    pool.give(connection, whole=False)


async def test_connect_in_time_or_not(app: Application) -> None:
    """Shows that an application that does not take the connection in time is a failure."""
    pool = Pool({"app": Upstream("app", app.url.replace("http", "https"), connect_timeout_s=0.05)})
    with pytest.raises(UpstreamTimedOut):
        await pool.take("app")
    await pool.close()


async def test_parallel_questions_share_nothing(app: Application, pool: Pool) -> None:
    """Shows that a connection carries one question at a time (THREATS 47)."""

    async def script(peer: Peer) -> None:
        while head := await peer.request():
            await asyncio.sleep(0)
            body = head.split(b" ")[1]
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    app.script = script

    async def one(number: int) -> None:
        target = b"/%d" % number
        asked = await pool.ask("app", target, HEADERS, timeout_s=3, limit_bytes=100)
        assert asked.body == target

    async with asyncio.TaskGroup() as group:
        for number in range(200):
            group.create_task(one(number))


async def test_unix_socket(tmp_path: Path) -> None:
    """Shows that an application behind a unix socket is asked like any other."""
    path = tmp_path / "app.sock"
    app = Application()
    server = await asyncio.start_unix_server(app._accept, path)
    pool = Pool({"app": Upstream("app", f"unix:{path}")})
    assert (await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=9)).body == b"ok"
    await pool.close()
    server.close()


async def test_faults_of_the_start() -> None:
    """Shows that an application nobody can connect to is told by name, before any request."""
    with pytest.raises(ValueError, match="shop"):
        Pool({"app": Upstream("app", "http://app"), "shop": Upstream("shop", "ftp://app")})


async def test_idle_or_taken(app: Application, pool: Pool) -> None:
    """Shows that an idle connection is there at once, and for one request only."""
    assert pool.idle("app") is None
    await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=100)
    assert pool.state() == {"app": PoolState(idle=1, taken=0, waiting=0, up=1, down=0)}
    connection = pool.idle("app")
    assert connection is not None
    assert connection.reused
    assert pool.idle("app") is None
    assert pool.state() == {"app": PoolState(idle=0, taken=1, waiting=0, up=1, down=0)}
    pool.give(connection, whole=True)
    assert await pool.take("app") is connection
    pool.blame(connection)
    pool.give(connection, whole=True)
    assert pool.state() == {"app": PoolState(idle=0, taken=0, waiting=0, up=1, down=0)}
    assert len(app.peers) == 1


@pytest.mark.parametrize("answer", [b"", b"rubbish"])
async def test_questions_find_the_address_that_answers(app: Application, answer: bytes) -> None:
    """Shows that an address that is late or broken three times is not asked again."""
    other = Application()
    await other.start()

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(answer)
        await peer.rest()

    app.script = script
    pool = Pool({"app": Upstream("app", (app.url, other.url))})
    failures = 0
    for _ in range(10):
        try:
            await pool.ask("app", b"/", HEADERS, timeout_s=0.1, limit_bytes=100)
        except (UpstreamTimedOut, UpstreamUnreachable):
            failures += 1
    assert failures == 3
    assert pool.state()["app"].down == 1
    await pool.close()
    await other.stop()


async def test_who_asks_no_more_blames_nobody(app: Application, pool: Pool) -> None:
    """Shows that an application does not pay for a question that was taken back."""
    app.script = saying(b"")
    for _ in range(4):
        asking = asyncio.get_running_loop().create_task(
            pool.ask("app", b"/", HEADERS, timeout_s=60, limit_bytes=100)
        )
        count = len(app.peers)
        await eventually(lambda n=count: len(app.peers) > n)  # type: ignore[misc]
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert pool.state()["app"] == PoolState(idle=0, taken=0, waiting=0, up=1, down=0)


async def test_questions_wait_their_turn_too(app: Application) -> None:
    """Shows that a question for which there is no room is a failure, and sends nothing."""
    pool = Pool({"app": Upstream("app", app.url, max_connections=1, max_pending=0)})
    connection = await pool.take("app")
    with pytest.raises(UpstreamBusy):
        await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=100)
    assert app.seen == b""
    pool.give(connection, whole=False)
    await pool.ask("app", b"/", HEADERS, timeout_s=1, limit_bytes=100)
    await pool.close()
