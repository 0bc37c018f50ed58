"""Twin of sidecar/proxy/inlet.py."""

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp.base_protocol import BaseProtocol

from sidecar.proxy.faults import BodyBroken
from sidecar.proxy.framing import Refusal
from sidecar.proxy.inlet import Inlet
from sidecar.proxy.limits import Limits
from sidecar.proxy.parsers import request_parser

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITS = Limits(head_bytes=2000, pipelined=3)


@pytest.fixture
def inlet() -> Iterator[Inlet]:
    loop = asyncio.new_event_loop()
    protocol = BaseProtocol(loop)
    protocol._parser = parser = request_parser(protocol, loop, LIMITS)
    yield Inlet(parser, LIMITS, loop)
    loop.close()


def kinds(inlet: Inlet) -> list[str | int]:
    return [it.status if isinstance(it, Refusal) else it[0].path for it in inlet.queue]


def test_order(inlet: Inlet) -> None:
    """Shows that requests and the refusal behind them keep their order, and nothing follows it."""
    inlet.feed(GET + GET.replace(b"GET", b"TRACE") + GET, 0)
    assert kinds(inlet) == ["/x", 405]
    assert inlet.deaf
    inlet.feed(GET, 0)
    assert kinds(inlet) == ["/x", 405]


def test_full(inlet: Inlet) -> None:
    """Shows that no more wait than may, and the rest comes when some are answered."""
    inlet.feed(GET * 5, 0)
    assert inlet.full
    assert len(inlet.queue) == 3
    inlet.answered()
    assert not inlet.full
    inlet.feed(b"", 0)
    assert len(inlet.queue) == 4


def test_head_clock_starts_with_its_first_byte(inlet: Inlet) -> None:
    """Shows that a trickling head keeps the time of its first byte."""
    inlet.feed(b"GET /x HTT", 5)
    inlet.feed(b"P/1.1\r\n", 9)
    assert (inlet.head_bytes, inlet.head_since) == (17, 5)
    inlet.feed(b"Host: a\r\n\r\n", 10)
    assert inlet.head_bytes == 0


def test_total_in_one_packet(inlet: Inlet) -> None:
    """Shows that the bound on a whole head holds for one that comes at once."""
    inlet.feed(GET[:-2] + b"X: %b\r\n" % (b"y" * 1500) * 2 + b"\r\n", 0)
    assert kinds(inlet) == [431]


def test_total_behind_a_body(inlet: Inlet) -> None:
    """Shows that the bound holds where the head begins in the packet that ended a body."""
    inlet.feed(POST, 0)
    fields = b"X: %b\r\n" % (b"y" * 1500)
    inlet.feed(b"0\r\n\r\n" + GET[:-2] + fields, 0)
    inlet.feed(fields + b"\r\n", 0)
    assert kinds(inlet) == ["/x", 431]


def test_broken_body_reaches_its_reader(inlet: Inlet) -> None:
    """Shows that whoever waits for a body learns that it broke."""
    inlet.feed(POST, 0)
    inlet.feed(b"zz\r\n", 0)
    assert isinstance(inlet.arriving.exception(), BodyBroken)
    assert kinds(inlet) == ["/x"]
    assert inlet.deaf


def test_handshake(inlet: Inlet) -> None:
    """Shows that what follows a handshake is handed back, and is HTTP again once it is declined."""
    shake = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert inlet.feed(GET, 0) is None
    assert inlet.feed(shake, 0) == b""
    inlet.decline_upgrade()
    assert inlet.feed(shake + GET, 0) == GET, "though the queue is full with it"


def test_handshake_with_a_late_body(inlet: Inlet) -> None:
    """Shows that the switch waits for the whole handshake, body included."""
    fields = b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n\r\n"
    assert inlet.feed(b"GET /ws HTTP/1.1\r\nHost: a\r\n" + fields, 0) is None
    assert inlet.feed(b"bo", 0) is None
    assert inlet.feed(b"dy" + GET, 0) == GET


def test_unknown_upgrade_is_the_last(inlet: Inlet) -> None:
    """Shows that a connection ends with an upgrade whose rest the parser forgets (h2c)."""
    inlet.feed(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 0)
    assert kinds(inlet) == ["/x"]
    inlet.feed(GET, 0)
    assert kinds(inlet) == ["/x"]
    assert inlet.final


def test_requests_behind_chunks(inlet: Inlet) -> None:
    """Shows that a request is taken behind chunks that end plainly, however packets are cut."""
    whole = POST + b"7\r\n\r\n0\r\n\r\n\r\n1\r\nx\r\n0\r\n\r\n" + GET
    for cut in range(len(whole) + 1):
        inlet.feed(whole[:cut], 0)
        inlet.feed(whole[cut:], 0)
        assert kinds(inlet) == ["/x", "/x"], cut
        for _ in range(2):
            inlet.queue.popleft()
            inlet.answered()


@pytest.mark.parametrize("end", [b"0\r\nX-User: eve\r\n\r\n", b"00\r\n\r\n", b"0;a\r\n\r\n"])
def test_nothing_is_read_behind_trailers(end: bytes) -> None:
    """Shows that a trailer is no field of another request, wherever the packets are cut, also
    where that is held back behind a full queue and ends as plainly as the first one should.
    """
    whole = GET * 2 + POST + b"7\r\n\r\n0\r\n\r\n\r\n" + end + POST + b"0\r\n\r\n"
    loop = asyncio.new_event_loop()
    for cut in range(len(whole) + 1):
        protocol = BaseProtocol(loop)
        protocol._parser = parser = request_parser(protocol, loop, LIMITS)
        inlet = Inlet(parser, LIMITS, loop)
        inlet.feed(whole[:cut], 0)
        inlet.feed(whole[cut:], 0)
        assert kinds(inlet) == ["/x", "/x", "/x"], cut
        assert inlet.final
        for _ in range(3):
            inlet.queue.popleft()
            inlet.answered()
        inlet.feed(b"", 0)
        assert not inlet.queue
    loop.close()
