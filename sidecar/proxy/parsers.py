"""aiohttp's C parsers, set up the way a proxy needs them: nothing decoded, everything bounded."""

import asyncio
from typing import Final

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, HttpResponseParser

from sidecar.proxy.limits import Limits

READ_BUFFER: Final = 2**16
"""Body bytes held per direction before the sender is paused (at twice this)."""
ANSWER_LINE: Final = 16384
ANSWER_FIELD: Final = 32768
ANSWER_FIELDS: Final = 256


def request_parser(
    protocol: BaseProtocol, loop: asyncio.AbstractEventLoop, limits: Limits
) -> HttpRequestParser:
    return HttpRequestParser(
        protocol,
        loop,
        READ_BUFFER,
        max_line_size=limits.line_bytes,
        max_field_size=limits.field_bytes,
        max_headers=limits.fields,
        auto_decompress=False,
        max_msg_queue_size=limits.pipelined,
    )


def response_parser(
    protocol: BaseProtocol, loop: asyncio.AbstractEventLoop, *, head_only: bool
) -> HttpResponseParser:
    """Return a parser for a connection's answers; those to HEAD need one of their own."""
    return HttpResponseParser(
        protocol,
        loop,
        READ_BUFFER,
        max_line_size=ANSWER_LINE,
        max_field_size=ANSWER_FIELD,
        max_headers=ANSWER_FIELDS,
        response_with_body=not head_only,
        read_until_eof=True,
        auto_decompress=False,
    )
