"""Twin of sidecar/proxy/parsers.py."""

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import LineTooLong

from sidecar.proxy.limits import Limits
from sidecar.proxy.parsers import request_parser, response_parser


async def test_bodies_stay_coded() -> None:
    """Shows that neither parser decompresses what it carries."""
    loop = asyncio.get_running_loop()
    gzip = b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    asked = request_parser(BaseProtocol(loop), loop, Limits()).feed_data(
        b"POST / HTTP/1.1\r\nHost: a\r\n" + gzip
    )
    answered = response_parser(BaseProtocol(loop), loop, head_only=False).feed_data(
        b"HTTP/1.1 200 OK\r\n" + gzip
    )
    assert asked[0][0][1].read_nowait() == answered[0][0][1].read_nowait() == b"abc"


async def test_limits_reach_the_parser() -> None:
    """Shows that the parser itself stops at the configured sizes."""
    loop = asyncio.get_running_loop()
    parser = request_parser(BaseProtocol(loop), loop, Limits(target_bytes=10))
    with pytest.raises(LineTooLong):
        parser.feed_data(b"GET /" + b"x" * 20)


async def test_answers_to_head_have_no_body() -> None:
    """Shows that a length in an answer to HEAD promises nothing."""
    loop = asyncio.get_running_loop()
    parser = response_parser(BaseProtocol(loop), loop, head_only=True)
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    assert [payload.at_eof() for _, payload in parser.feed_data(raw * 2)[0]] == [True, True]
