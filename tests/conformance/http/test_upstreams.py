"""S5, S7: an application at several addresses, and how much it is asked at once."""

import asyncio
from pathlib import Path

from tests.conformance.http.fronted import certified, fronted, numbered, running
from tests.conformance.http.harness import OK, Application, Peer, eventually

POST = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
REFUSING = "http://127.0.0.1:1"


async def _silent(peer: Peer) -> None:
    await peer.rest()


async def test_requests_are_spread() -> None:
    """Shows that requests one after the other take turns, over connections that are kept."""
    async with running(3) as apps, fronted(*(app.url for app in apps)) as front:
        answers = [(await front.get())[1] for _ in range(9)]
        assert answers == [b"0", b"1", b"2"] * 3
        assert [len(app.peers) for app in apps] == [1, 1, 1]


async def test_requests_go_where_the_fewest_are() -> None:
    """Shows that an address that is slow gets no more requests than it can answer."""
    async with running(2) as apps, fronted(*(app.url for app in apps)) as front:
        stuck = asyncio.Event()

        async def script(peer: Peer) -> None:
            while await peer.request():
                await stuck.wait()
                peer.send(OK)

        apps[0].script = script
        slow = await front.visitor()
        slow.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: b"/slow" in apps[0].seen)
        assert [await front.get() for _ in range(5)] == [(200, b"1")] * 5
        stuck.set()
        assert (await slow.answer()).body == b"ok"


async def test_an_address_that_refuses_costs_no_request() -> None:
    """Shows that a request that has not been sent goes elsewhere, whatever its method."""
    async with running(1) as (app,), fronted(REFUSING, app.url) as front:
        visitor = await front.visitor()
        for number in range(6):
            visitor.send(POST % number)
            assert (await visitor.answer()).body == b"0"
            assert app.seen.count(POST % number) == 1
        assert front.pool.state()["app"].down == 1


async def test_an_address_that_hangs_costs_no_request() -> None:
    """Shows that one that takes a connection and no handshake leaves time for the next."""
    async with running(2) as (silent, app):
        silent.script = _silent
        hanging = silent.url.replace("http:", "https:")
        async with fronted(hanging, app.url, connect_timeout_s=0.6) as front:
            assert await front.get() == (200, b"1")
            assert len(silent.peers) == 1


async def test_an_address_that_comes_back(tmp_path: Path) -> None:
    """Shows that a trial finds an application that is there again."""
    async with running(1) as (app,), running(1) as (late,):
        late.script = numbered(1)
        path = tmp_path / "late.sock"
        async with fronted(f"unix:{path}", app.url) as front:
            assert [await front.get() for _ in range(8)] == [(200, b"0")] * 8
            assert front.pool.state()["app"].down == 1
            server = await asyncio.start_unix_server(late._accept, path)
            assert await front.get() == (200, b"0")
            front.time.ahead += 1
            assert [(await front.get())[1] for _ in range(4)] == [b"1", b"0", b"1", b"0"]
            assert front.pool.state()["app"].down == 0
        server.close()


async def test_nobody_is_there() -> None:
    """Shows that with every address set aside the answer is still what is wrong: 502."""
    async with fronted(REFUSING, "http://127.0.0.1:2") as front:
        assert [await front.get() for _ in range(6)] == [(502, b"failed")] * 6
        assert front.pool.state()["app"].down == 2


async def test_any_kind_of_address(tmp_path: Path) -> None:
    """Shows that http, https and unix sockets serve one application side by side."""
    tls, authority = certified(tmp_path)
    path = tmp_path / "app.sock"
    async with running(1) as (plain,), running(1, tls) as (safe,):
        local = Application()
        server = await asyncio.start_unix_server(local._accept, path)
        urls = (plain.url, safe.url.replace("http:", "https:"), f"unix:{path}")
        async with fronted(*urls, ca_file=authority) as front:
            assert [await front.get() for _ in range(6)] == [
                *((200, body) for body in (b"0", b"0", b"ok") * 2)
            ]
        assert [len(app.peers) for app in (plain, safe, local)] == [1, 1, 1]
        server.close()


async def test_those_who_wait_are_served_in_order() -> None:
    """Shows that one connection serves all who wait, in the order in which they came."""
    async with running(1) as (app,), fronted(app.url, max_connections=1) as front:
        visitors = [await front.visitor() for _ in range(5)]
        go = asyncio.Event()

        async def script(peer: Peer) -> None:
            while await peer.request():
                await go.wait()
                peer.send(OK)

        app.script = script
        for number, visitor in enumerate(visitors):
            visitor.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
            await eventually(lambda n=number: front.pool.state()["app"].waiting == n)  # type: ignore[misc]
        go.set()
        for visitor in visitors:
            assert (await visitor.answer()).body == b"ok"
        asked = [line for line in app.seen.split(b"\r\n") if line.startswith(b"GET")]
        assert asked == [b"GET /%d HTTP/1.1" % number for number in range(5)]
        assert len(app.peers) == 1


async def test_full() -> None:
    """Shows that beyond both limits the answer is 503 at once, and nothing reaches anybody."""
    limits = {"max_connections": 1, "max_pending": 1}
    async with running(1) as (app,), fronted(app.url, **limits) as front:
        app.script = _silent
        first, second = await front.visitor(), await front.visitor()
        first.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: b"/1" in app.seen)
        second.send(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: front.pool.state()["app"].waiting == 1)
        answer = await (await front.visitor()).get("/3")
        assert (answer.status, answer.all("X-Slug")) == (503, [b"upstream-busy"])
        assert b"/3" not in app.seen
        second.close()
        await eventually(lambda: front.pool.state()["app"].waiting == 0)


async def test_not_kept() -> None:
    """Shows that an application that wants no connections kept gets a new one each time."""
    async with running(1) as (app,), fronted(app.url, idle_s=0) as front:
        assert [await front.get() for _ in range(3)] == [(200, b"0")] * 3
        assert len(app.peers) == 3
        for peer in app.peers:
            await eventually(peer.over.is_set)
