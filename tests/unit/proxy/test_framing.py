"""Twin of sidecar/proxy/framing.py."""

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from sidecar.proxy import framing
from sidecar.proxy.limits import Limits
from sidecar.proxy.parsers import request_parser


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def parsed(loop: asyncio.AbstractEventLoop, raw: bytes) -> tuple[RawRequestMessage, StreamReader]:
    return request_parser(BaseProtocol(loop), loop, Limits()).feed_data(raw)[0][0]


@pytest.mark.parametrize(
    "host",
    ["a", "A.b-c_d.test", "a.test.", "a:80", "127.0.0.1:8080", "[::1]", "[fe80::1]:443"],
)
def test_hosts_there_are(loop: asyncio.AbstractEventLoop, host: str) -> None:
    """Shows that every host a browser can name passes."""
    raw = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    assert framing.fault(parsed(loop, raw)[0]) is None


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "u@h", "a?b", "a,b", "a:", "a:123456", "[::1", "::1", "a%41", "a\\b"]
)
def test_hosts_there_are_not(loop: asyncio.AbstractEventLoop, host: str) -> None:
    """Shows that a host with a character only an attack needs is refused (THREATS 13)."""
    raw = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    assert framing.fault(parsed(loop, raw)[0]) == framing.MALFORMED


def test_http10_needs_no_host(loop: asyncio.AbstractEventLoop) -> None:
    """Shows that only HTTP/1.1 owes a Host."""
    assert framing.fault(parsed(loop, b"GET / HTTP/1.0\r\n\r\n")[0]) is None


def test_parse_faults() -> None:
    """Shows that the number in the parser's exception decides between 414 and 431."""
    limits = Limits()
    assert framing.parse_fault(LineTooLong(b"", limits.line_bytes), limits).status == 414
    assert framing.parse_fault(LineTooLong(b"", limits.field_bytes), limits).status == 431
    assert framing.parse_fault(BadHttpMessage("Too many headers received"), limits).status == 431
    assert framing.parse_fault(BadHttpMessage("x"), limits).status == 400
    assert framing.parse_fault(ValueError(), limits).status == 400


@pytest.mark.parametrize(
    ("line", "loose"),
    [
        (b"GET /x HTTP/1.1\r\n", False),
        (b"\r\nGET /x HTTP/1.1\r\n", False),
        (b"GET /x", False),
        (b"G", False),
        (b"GET  /x HTTP/1.1\r\n", True),
        (b"GET\t/x HTTP/1.1\r\n", False),
        (b"GET /x  HTTP/1.1\r\n", True),
        (b"GET /x\tHTTP/1.1\r\n", True),
        (b"\r\nGET  /x", True),
    ],
)
def test_loose_lines(line: bytes, loose: bool) -> None:
    """Shows that two separators where one belongs are noticed; a lone tab the parser refuses."""
    assert framing.loose_line(line) is loose


def test_websocket(loop: asyncio.AbstractEventLoop) -> None:
    """Shows that a handshake is a GET of HTTP/1.1 without a body that names both tokens."""
    fields = "Host: a\r\nConnection: Upgrade\r\nUpgrade: {}\r\n{}\r\n"
    shake = fields.format("WebSocket", "")
    assert framing.is_websocket(*parsed(loop, f"GET / HTTP/1.1\r\n{shake}".encode()))
    for raw in (
        f"POST / HTTP/1.1\r\n{shake}",
        f"GET / HTTP/1.0\r\n{shake}",
        f"GET / HTTP/1.1\r\n{fields.format('h2c', '')}",
        f"GET / HTTP/1.1\r\n{fields.format('websocket', 'Content-Length: 1' + chr(13) + chr(10))}",
    ):
        assert not framing.is_websocket(*parsed(loop, raw.encode()))
