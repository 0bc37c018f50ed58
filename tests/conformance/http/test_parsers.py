"""Two parsers of one library read some requests differently; the front runs with one of them."""

import os
import subprocess
import sys

import pytest

from sidecar.proxy import parser_guard
from tests.conformance.http.corpus import CHUNKED, lined, post

DIFFERENT = {
    "8bit-target": b"GET /\xc3\xa9 HTTP/1.1\r\nHost: app.test\r\n\r\n",
    "lower-case": lined(b"get /x HTTP/1.1"),
    "unknown-method": lined(b"FOO /x HTTP/1.1"),
    "cr-in-extension": post(CHUNKED, b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
}
COUNT = """
import asyncio, sys
from aiohttp import http_parser
from aiohttp.base_protocol import BaseProtocol
loop = asyncio.new_event_loop()
for raw in map(bytes.fromhex, sys.argv[1:]):
    parser = http_parser.HttpRequestParser(BaseProtocol(loop), loop, 65536)
    try:
        print(len(parser.feed_data(raw)[0]))
    except Exception:
        print("refused")
loop.close()
from sidecar.proxy import parser_guard
print(*parser_guard.faults())
"""


def told(*, pure: bool) -> list[str]:
    """Return what another process understands of each request, and whether it would serve."""
    unset = {key: value for key, value in os.environ.items() if key != "AIOHTTP_NO_EXTENSIONS"}
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *(raw.hex() for raw in DIFFERENT.values())],
        env={**unset, **({"AIOHTTP_NO_EXTENSIONS": "1"} if pure else {})},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.http("3.1H")
@pytest.mark.threat(27)
def test_the_parser_in_python_is_refused() -> None:
    """Shows that the parser in Python understands requests which the one in C refuses, and that
    nothing serves with it.
    """
    assert told(pure=False)[:-1] == ["refused"] * len(DIFFERENT)
    *understood, fault = told(pure=True)
    assert "1" in understood
    assert "without its C parser" in fault
    assert parser_guard.faults() == ()
