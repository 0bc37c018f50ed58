"""Twin of sidecar/proxy/upload.py."""

import pytest

from sidecar.proxy.arrival import Inbound
from sidecar.proxy.verdicts import Forward, Verdict
from tests.conformance.http.harness import Stage, eventually, staged

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def allow(stage: Stage, most: int) -> None:
    async def judge(_inbound: Inbound) -> Verdict:
        return Forward("app", b"/", b"Host: a\r\n", max_body=most)

    stage.judge.verdict = judge


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Length: 5\r\n\r\nhello",
        HEAD + b"Content-Length: 5\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    ],
    ids=["whole", "announced", "expecting", "chunked"],
)
async def test_too_long_a_body_is_refused_before_anybody_is_asked(raw: bytes) -> None:
    """Shows that a body known to be too long is a 413, at once, and nothing is forwarded."""
    async with staged() as stage:
        allow(stage, 4)
        visitor = await stage.visitor()
        visitor.send(raw)
        answer = await visitor.answer()
        assert (answer.status, answer.all("X-Slug")) == (413, [b"body-too-large"])
        assert stage.app.seen == b""


async def test_a_body_that_grows_too_long_is_broken_off() -> None:
    """Shows that chunks beyond the bound are a 413, and the application sees no whole request."""
    async with staged() as stage:
        allow(stage, 4)
        visitor = await stage.visitor()
        visitor.send(CHUNKED + b"3\r\nhel\r\n")
        await eventually(lambda: b"hel" in stage.app.seen)
        visitor.send(b"2\r\nlo\r\n")
        assert (await visitor.answer()).status == 413
        await eventually(stage.app.peers[0].over.is_set)
        assert b"0\r\n\r\n" not in stage.app.seen
        assert b"lo" not in stage.app.seen


@pytest.mark.parametrize("raw", [b"4\r\nhell\r\n0\r\n\r\n", b"0\r\n\r\n"])
async def test_as_long_as_it_may_be(raw: bytes) -> None:
    """Shows that a body of exactly the bound, and none, pass."""
    async with staged() as stage:
        allow(stage, 4)
        assert (await stage.exchange(CHUNKED + raw)).status == 200


async def test_a_body_that_grows_too_long_before_it_is_sent() -> None:
    """Shows that what came while a connection was waited for is counted too."""
    async with staged(max_connections=1) as stage:  # one is taken, so that the next one waits
        allow(stage, 4)
        first, second = await stage.visitor(), await stage.visitor()
        first.send(CHUNKED + b"1\r\na\r\n")
        await eventually(lambda: b"1\r\na" in stage.app.seen)
        second.send(CHUNKED + b"1\r\nb\r\n")
        await eventually(lambda: stage.pool.state()["app"].waiting == 1)
        second.send(b"9\r\nbbbbbbbbb\r\n0\r\n\r\n")
        await second.silent(0.03)
        first.send(b"0\r\n\r\n")
        assert (await first.answer()).status == 200
        assert (await second.answer()).status == 413
        assert b"bbb" not in stage.app.seen
