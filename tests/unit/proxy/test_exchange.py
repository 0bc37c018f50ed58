"""Twin of sidecar/proxy/exchange.py; the battery in tests/conformance/http goes further."""

import asyncio

import pytest

from sidecar.core.protocols import RawHeaders
from sidecar.proxy.arrival import Inbound
from sidecar.proxy.verdicts import Forward, Verdict
from tests.conformance.http.harness import OK, Peer, Stage, eventually, staged


def use(stage: Stage, **parts: object) -> None:
    async def judge(_inbound: Inbound) -> Verdict:
        return Forward("app", b"/", ((b"Host", b"a"),), **parts)  # type: ignore[arg-type]

    stage.judge.verdict = judge


async def test_the_pipeline_words_the_head() -> None:
    """Shows that the answer goes on with the headers the pipeline returns."""
    async with staged() as stage:

        async def on_head(status: int, headers: RawHeaders) -> RawHeaders:
            return (*headers, (b"Cache-Control", b"private"), (b"X-Status", b"%d" % status))

        use(stage, on_head=on_head)
        answer = await (await stage.visitor()).get()
        assert (answer.all("Cache-Control"), answer.all("X-Status")) == ([b"private"], [b"200"])


async def test_the_pipeline_fails_at_the_head() -> None:
    """Shows that an answer the pipeline could not look at is not passed on."""
    async with staged() as stage:

        async def on_head(_status: int, _headers: RawHeaders) -> RawHeaders:
            raise LookupError

        ended: list[bool] = []
        use(stage, on_head=on_head, on_end=lambda: ended.append(True))
        answer = await (await stage.visitor()).get()
        assert (answer.status, answer.body, ended) == (500, b"failed", [True])


async def test_the_pipeline_finishes_what_it_began() -> None:
    """Shows that a client's going away does not stop the pipeline in the middle of a change."""
    async with staged() as stage:
        go, done = asyncio.Event(), asyncio.Event()

        async def on_head(_status: int, headers: RawHeaders) -> RawHeaders:
            await go.wait()
            done.set()
            return headers

        ended: list[bool] = []
        use(stage, on_head=on_head, on_end=lambda: ended.append(True))
        visitor = await stage.visitor()
        visitor.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: bool(stage.app.seen))
        await visitor.silent(0.03)
        visitor.abort()
        await eventually(lambda: stage.listener.connections == 0)
        go.set()
        await eventually(lambda: done.is_set() and ended == [True])


async def test_client_gone_while_judged() -> None:
    """Shows that a request nobody waits for any more is not forwarded."""
    async with staged() as stage:
        go, ended = asyncio.Event(), asyncio.Event()

        async def judge(_inbound: Inbound) -> Verdict:
            await go.wait()
            return Forward("app", b"/", (), on_end=ended.set)

        stage.judge.verdict = judge
        visitor = await stage.visitor()
        visitor.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: stage.listener.connections == 1)
        await visitor.silent(0.03)
        visitor.abort()
        await eventually(lambda: stage.listener.connections == 0)
        go.set()
        await eventually(ended.is_set)
        assert stage.app.peers == []


@pytest.mark.parametrize("whole", [True, False])
async def test_interleaved_upload_and_answer(whole: bool) -> None:
    """Shows that an application may answer while it still reads, and gets all of the body."""
    async with staged() as stage:

        async def script(peer: Peer) -> None:
            await peer.head()
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            while not peer.seen.endswith(b"0\r\n\r\n"):
                peer.send(await peer.some())
            peer.close()

        stage.app.script = script
        visitor = await stage.visitor()
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        visitor.send(head + (b"2\r\nhi\r\n0\r\n\r\n" if whole else b"2\r\nhi\r\n"))
        if not whole:
            await visitor.reader.readuntil(b"2\r\nhi\r\n")
            visitor.send(b"0\r\n\r\n")
            assert (await visitor.rest()).endswith(b"0\r\n\r\n")
        else:
            assert b"hi" in (await visitor.answer()).body


async def test_ended_once() -> None:
    """Shows that the pipeline hears of the end exactly once, also behind a retry."""
    async with staged() as stage:

        async def script(peer: Peer) -> None:
            await peer.request()
            peer.send(OK)
            await peer.request()

        stage.app.script = script
        visitor = await stage.visitor()
        for number in (1, 2, 3):
            assert (await visitor.get()).body == b"ok"
            assert stage.judge.ended == number
