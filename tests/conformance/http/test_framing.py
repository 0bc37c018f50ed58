"""F rows of the correctness table: where a request ends is beyond doubt, or it is refused."""

import asyncio
import json
from http import HTTPStatus

import pytest
from aiohttp.base_protocol import BaseProtocol

from sidecar.proxy.limits import Limits
from sidecar.proxy.parsers import request_parser
from tests.conformance.http.corpus import (
    CHUNKED,
    REFUSED,
    H,
    get,
    lined,
    post,
)
from tests.conformance.http.harness import OK, Stage, staged
from tests.conformance.http.ids import rows

FORWARDED = b"POST /x HTTP/1.1\r\nHost: app.test\r\n"
ALLOWED = b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"


def refusal(status: int, date: bytes) -> bytes:
    """Return every byte that a client hears whose request was not understood."""
    title = HTTPStatus(status).phrase
    problem = json.dumps({"type": "about:blank", "title": title, "status": status}).encode()
    return (
        b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
        b"%bContent-Length: %d\r\nDate: %b\r\nConnection: close\r\n\r\n%b"
    ) % (status, title.encode(), ALLOWED * (status == 405), len(problem), date, problem)


async def refused(stage: Stage, raw: bytes, status: int) -> None:
    """The request is refused, in exactly these bytes, before anybody judged it or saw any of it."""
    visitor = await stage.visitor()
    visitor.send(raw)
    heard = await visitor.rest()
    date = heard.partition(b"\r\nDate: ")[2].partition(b"\r\n")[0]
    assert heard == refusal(status, date)
    assert (stage.judge.judged, stage.app.peers) == ([], [])


@pytest.mark.threat(27)
@pytest.mark.both_loops
@pytest.mark.parametrize("row", rows(REFUSED))
async def test_refused(stage: Stage, row: str) -> None:
    """Shows that a request somebody could read differently is answered once, ends the
    connection, and is neither judged nor forwarded; nothing of it is repeated.
    """
    await refused(stage, *REFUSED[row])


def parsed(raw: bytes) -> int:
    """Return how many requests aiohttp's parser in C finds."""
    loop = asyncio.new_event_loop()
    try:
        return len(request_parser(BaseProtocol(loop), loop, Limits()).feed_data(raw)[0])
    finally:
        loop.close()


UNDERSTOOD = (
    "F2-two-spaces",
    "F3-http09",
    "F3-http20",
    "F6-te-empty-cl",
    "F7-comma-chunked",
    "F7-empty",
    "F7-gzip-chunked",
    "F7-http10",
    "T3-connect-path",
    "T5-fragment",
    "T6-empty",
    "T6-list",
    "T6-query",
    "T6-slash",
    "T6-space",
    "T6-userinfo",
    "T7-trace",
    "F20-total",
)


@pytest.mark.http("3.2")
@pytest.mark.threat(27)
@pytest.mark.parametrize("row", UNDERSTOOD)
async def test_understood_by_the_parser(stage: Stage, row: str) -> None:
    """Shows that the parser alone would let these pass, and the front does not."""
    assert parsed(REFUSED[row][0]) == 1
    await refused(stage, *REFUSED[row])


LENGTHS = {
    "F8-plain": (b"5", b"hello"),
    "F8-leading-zeros": (b"005", b"hello"),
    "F8-spaces": (b" \t 5 \t ", b"hello"),
    "F8-none": (b"0", b""),
    "F8-a-head-inside": (b"35", lined(b"GET /y HTTP/1.1")),
}


@pytest.mark.http("3.2")
@pytest.mark.parametrize("row", rows(LENGTHS))
async def test_lengths(stage: Stage, row: str) -> None:
    """Shows that a length goes on in its plainest form, and what it counts is the body."""
    value, body = LENGTHS[row]
    visitor = await stage.visitor()
    visitor.send(post(b"Content-Length:%b\r\n" % value, body))
    assert (await visitor.answer()).head == OK[:-2]
    assert stage.app.seen == FORWARDED + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert (await visitor.get("/own")).body == b"own"


@pytest.mark.http("F7")
@pytest.mark.parametrize("spelled", [b"chunked", b"CHUNKED", b" \tChunked"])
async def test_f7_chunked(stage: Stage, spelled: bytes) -> None:
    """Shows that the one coding there is has any case, and goes on in one."""
    sent = post(b"transfer-ENCODING:%b\r\n" % spelled, b"0\r\n\r\n")
    assert (await stage.exchange(sent)).body == b"ok"
    assert stage.app.seen == FORWARDED + CHUNKED + b"\r\n0\r\n\r\n"


@pytest.mark.http("F2")
@pytest.mark.parametrize("before", [b"\r\n", b"\r\n\r\n"])
async def test_f2_empty_lines_first(stage: Stage, before: bytes) -> None:
    """Shows that empty lines before a request, which old clients send, are no part of it."""
    assert (await stage.exchange(before + get())).body == b"ok"
    assert stage.app.seen == get()


@pytest.mark.http("F20")
async def test_f20_total_in_pieces(stage: Stage) -> None:
    """Shows that the bound on all fields holds when they trickle in."""
    visitor = await stage.visitor()
    visitor.send(b"GET /x HTTP/1.1\r\n" + H)
    for number in range(12):
        visitor.send(b"X-%d: %b\r\n" % (number, b"y" * 8000))
        await visitor.drain()
        await visitor.silent(0.01)
    assert (await visitor.answer()).status == 431
    assert stage.app.seen == b""


@pytest.mark.http("F20")
async def test_f20_legal(stage: Stage) -> None:
    """Shows that heads just below the bounds pass, unshortened."""
    for fields in (
        b"Cookie: a=" + b"x" * 15000 + b"\r\n",
        b"".join(b"X-%d: 1\r\n" % n for n in range(126)),
        b"".join(b"X-%d: %b\r\n" % (n, b"y" * 8000) for n in range(8)),
    ):
        stage.app.peers.clear()
        assert (await stage.exchange(get(fields))).status == 200
    long = b"/" + b"x" * 8000
    assert (await stage.exchange(lined(b"GET %b HTTP/1.1" % long))).status == 200


@pytest.mark.http("F20")
async def test_f20_bounds_are_settings() -> None:
    """Shows that each bound is where the settings put it."""
    bounds = Limits(target_bytes=100, field_bytes=200, head_bytes=400, fields=5, sweep_s=0.02)
    for raw, status in (
        (lined(b"GET /%b HTTP/1.1" % (b"x" * 120)), 414),
        (get(b"X: %b\r\n" % (b"y" * 220)), 431),
        (get(b"X: %b\r\n" % (b"y" * 150) * 3), 431),
        (get(b"X: y\r\n" * 6), 431),
    ):
        async with staged(bounds) as stage:
            await refused(stage, raw, status)


@pytest.mark.http("F17")
@pytest.mark.threat(27)
async def test_refused_behind_good(stage: Stage) -> None:
    """Shows that requests before a refused one are answered first."""
    visitor = await stage.visitor()
    visitor.send(get())
    assert (await visitor.answer()).body == b"ok"
    visitor.send(get() + lined(b"TRACE /x HTTP/1.1") + get())
    assert (await visitor.answer()).body == b"ok"
    assert (await visitor.answer()).status == 405
    assert await visitor.rest() == b""
    assert stage.app.seen == get() * 2
