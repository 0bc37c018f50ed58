"""Twin of sidecar/proxy/exchange.py; the battery in tests/conformance/http goes further."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from sidecar.core.errors import AccessDenied
from sidecar.core.protocols import RawHeaders
from sidecar.proxy.arrival import Inbound
from sidecar.proxy.verdicts import Forward, Verdict, Wait
from tests.conformance.http.harness import OK, Peer, Stage, eventually, saying, saying_once, staged


class Looking(Forward):
    """Does at the head of the answer what the test says."""

    def __init__(
        self, look: Callable[[], Awaitable[None]] | None = None, relayed: RawHeaders = ()
    ) -> None:
        super().__init__("app", b"/", b"Host: a\r\n", private=True, relayed=relayed)
        self._look = look
        self.heads: list[tuple[int, bool]] = []
        self.ended = 0

    def on_head(self, status: int, sets_cookies: bool) -> Wait:
        self.heads.append((status, sets_cookies))
        return self._look() if self._look is not None else None

    def on_end(self) -> None:
        self.ended += 1


def use(stage: Stage, forward: Looking) -> None:
    async def judge(_inbound: Inbound) -> Verdict:
        return forward

    stage.judge.verdict = judge


async def test_the_pipeline_words_the_head() -> None:
    """Shows that the answer goes on as private, and with the fields that the pipeline adds."""
    async with staged() as stage:
        stage.app.script = saying(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\nCache-Control: public, max-age=9\r\n"
            b"CDN-Cache-Control: max-age=9\r\nContent-Length: 2\r\n\r\nok"
        )
        forward = Looking(relayed=((b"Set-Cookie", b"a=1"),))
        use(stage, forward)
        answer = await (await stage.visitor()).get()
        assert answer.all("Cache-Control") == [b"private, max-age=9"]
        assert answer.all("CDN-Cache-Control") == []
        assert answer.all("Set-Cookie") == [b"b=2", b"a=1"]
        assert (forward.heads, forward.ended) == ([(200, True)], 1)


async def test_the_pipeline_fails_at_the_head() -> None:
    """Shows that an answer the pipeline could not look at is not passed on."""
    async with staged() as stage:

        async def look() -> None:
            raise LookupError

        forward = Looking(look)
        use(stage, forward)
        answer = await (await stage.visitor()).get()
        assert (answer.status, answer.body, forward.ended) == (500, b"failed", 1)


async def test_the_pipeline_finishes_what_it_began() -> None:
    """Shows that a client's going away does not stop the pipeline in the middle of a change."""
    async with staged() as stage:
        go, done = asyncio.Event(), asyncio.Event()

        async def look() -> None:
            await go.wait()
            done.set()

        forward = Looking(look)
        use(stage, forward)
        visitor = await stage.visitor()
        visitor.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: bool(stage.app.seen))
        await visitor.silent(0.03)
        visitor.abort()
        await eventually(lambda: stage.listener.connections == 0)
        go.set()
        await eventually(lambda: done.is_set() and forward.ended == 1)


async def test_client_gone_while_judged() -> None:
    """Shows that a request nobody waits for any more is not forwarded."""
    async with staged() as stage:
        go, forward = asyncio.Event(), Looking()

        async def judge(_inbound: Inbound) -> Verdict:
            await go.wait()
            return forward

        stage.judge.verdict = judge
        visitor = await stage.visitor()
        visitor.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: stage.listener.connections == 1)
        await visitor.silent(0.03)
        visitor.abort()
        await eventually(lambda: stage.listener.connections == 0)
        go.set()
        await eventually(lambda: forward.ended == 1)
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


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize("setting", ["answer_idle_s", "total_timeout_s"])
async def test_an_answer_that_falls_silent(setting: str) -> None:
    """Shows that an answer that stops in the middle is broken off, and the application let go."""
    async with staged(None, **{setting: 0.1}) as stage:

        async def script(peer: Peer) -> None:
            await peer.request()
            peer.send(HEAD + b"some")
            await peer.rest()

        stage.app.script = script
        answer = await (await stage.visitor()).get()
        assert (answer.status, answer.whole) == (200, False)
        await eventually(stage.app.peers[0].over.is_set)


async def test_in_all_is_counted_from_the_beginning() -> None:
    """Shows that steady drops do not keep an answer alive beyond what it may take in all."""
    async with staged(total_timeout_s=0.2, answer_idle_s=10) as stage:

        async def script(peer: Peer) -> None:
            await peer.request()
            peer.send(HEAD)
            while not peer.over.is_set():
                peer.send(b"x")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await peer.some()

        stage.app.script = script
        answer = await (await stage.visitor()).get()
        assert (answer.status, answer.whole) == (200, False)


async def test_a_silence_of_the_clients_making_is_not_the_applications() -> None:
    """Shows that an application is not given up while the client does not take what has come."""
    async with staged(answer_idle_s=0.1) as stage:
        size = 2**24

        async def script(peer: Peer) -> None:
            await peer.request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            await peer.drain()
            await peer.rest()

        stage.app.script = script
        visitor = await stage.visitor()
        visitor.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: bool(stage.app.seen))
        await asyncio.sleep(0.3)  # longer than the application may be silent
        answer = await visitor.answer()
        assert (answer.whole, len(answer.body)) == (True, size)


async def test_who_is_late_is_not_asked_twice() -> None:
    """Shows that a request that was not answered in time is a 504, and is not sent again."""
    async with staged(head_timeout_s=0.1) as stage:
        stage.app.script = saying_once(OK)
        visitor = await stage.visitor()
        assert (await visitor.get()).status == 200
        assert (await visitor.get()).status == 504
        assert stage.app.seen.count(b"GET ") == 2


async def test_who_ends_before_it_is_asked_is_not_waited_for() -> None:
    """Shows that a connection that ends while something is found out is replaced at once."""
    async with staged() as stage:
        gone = asyncio.Event()

        class Asking(Forward):
            def before_end(self) -> Wait:
                return self._wait()

            async def _wait(self) -> None:
                if stage.judge.judged[1:] and not gone.is_set():
                    stage.app.peers[0].close()
                    await asyncio.sleep(0.05)  # the end is seen
                    gone.set()

        async def judge(_inbound: Inbound) -> Verdict:
            return Asking("app", b"/", b"Host: a\r\n")

        stage.judge.verdict = judge
        visitor = await stage.visitor()
        assert (await visitor.get()).status == 200
        assert (await visitor.get()).status == 200
        assert gone.is_set()


async def test_asked_once_more_before_it_is_repeated() -> None:
    """Shows that a request that is sent again must still be from whom it was judged by."""
    asked = 0

    class Changing(Forward):
        def before_end(self) -> Wait:
            return self._look() if stage.app.seen.count(b"DELETE") else None

        async def _look(self) -> None:
            nonlocal asked
            asked += 1
            raise AccessDenied("the credentials changed hands under way")

    async def judge(inbound: Inbound) -> Verdict:
        if inbound.method == "GET":
            return Looking()
        return Changing("app", b"/", b"Host: a\r\n")

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.request()

    async with staged() as stage:
        stage.judge.verdict, stage.app.script = judge, script
        visitor = await stage.visitor()
        assert (await visitor.get()).body == b"ok"
        visitor.send(b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await visitor.answer()).status == 403
        assert (asked, stage.app.seen.count(b"DELETE")) == (1, 1)
