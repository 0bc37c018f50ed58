"""Proof at start that aiohttp is the one this front was tested with, private names included."""

import asyncio
from typing import Final

import aiohttp
from aiohttp import http_parser, http_writer, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, HttpResponseParser
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler

from sidecar.proxy.limits import Limits
from sidecar.proxy.parsers import request_parser, response_parser

TESTED_FROM: Final = (3, 14, 5)
TESTED_BELOW: Final = (3, 15)

PROTOCOL_NAMES: Final = (
    "_buffer_paused",
    "_drain_helper",
    "_loop",
    "_parser",
    "_pause_reading_for_buffer",
    "_paused",
    "_reading_paused",
    "_resume_reading_for_buffer",
    "_upgraded",
)
WRITER_NAME: Final = "_serialize_headers"
"""What our pages' heads are written by."""
PARSER_NAMES: Final = ("feed_data", "feed_eof", "message_consumed", "pause_reading", "set_upgraded")
BODY_NAMES: Final = ("at_eof", "exception", "is_eof", "read_nowait", "readany", "set_exception")


def faults() -> tuple[str, ...]:
    """Return everything that forbids serving with this aiohttp; empty if nothing does.

    The parser in Python reads some requests differently than the one in C: two readings of one
    request are what request smuggling lives on.
    """
    found = [*_version_faults(), *_parser_faults(), *_name_faults()]
    if not found:
        found.extend(_behaviour_faults())
    return tuple(found)


def _version_faults() -> list[str]:
    digits = tuple(int(part) for part in aiohttp.__version__.split(".")[:3] if part.isdecimal())
    if TESTED_FROM <= digits < TESTED_BELOW:
        return []
    return [f"aiohttp {aiohttp.__version__} is not in the tested range >=3.14.5,<3.15"]


def _parser_faults() -> list[str]:
    parsers = (http_parser.HttpRequestParser, http_parser.HttpResponseParser)
    found = []
    if any(parser.__module__ != "aiohttp._http_parser" for parser in parsers):
        found.append("parser")
    writer = getattr(http_writer, WRITER_NAME, None)
    if getattr(writer, "__module__", "") != "aiohttp._http_writer":
        found.append("writer")
    if not found:
        return []
    how = "a pure wheel, or AIOHTTP_NO_EXTENSIONS is set"
    return [f"aiohttp runs without its C {' and '.join(found)} ({how})"]


def _name_faults() -> list[str]:
    wanted = (
        (BaseProtocol, PROTOCOL_NAMES),
        (HttpRequestParser, PARSER_NAMES),
        (HttpResponseParser, PARSER_NAMES),
        (StreamReader, BODY_NAMES),
        (http_writer.StreamWriter, ("output_size",)),
        (web.AppRunner, ("server", "_make_server")),
        (RequestHandler, ("handle_error", "log_exception")),
        (http_writer, (WRITER_NAME,)),
    )
    return [
        f"aiohttp changed: {owner.__name__}.{name} is gone"
        for owner, names in wanted
        for name in names
        if not hasattr(owner, name)
    ]


def _behaviour_faults() -> list[str]:
    """The parsers do what the front builds on, tried on one request and one answer."""
    loop = asyncio.new_event_loop()
    try:
        protocol = BaseProtocol(loop)
        requests = request_parser(protocol, loop, Limits())
        answers = response_parser(protocol, loop, head_only=False)
        return [*_request_faults(requests), *_answer_faults(answers), *_mount_faults(loop)]
    finally:
        loop.close()


def _request_faults(parser: HttpRequestParser) -> list[str]:
    (message, payload), *rest = parser.feed_data(
        b"GET /%41?b HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n"
    )[0]
    parser.message_consumed()
    exact = (b"X", b"\xff") in message.raw_headers and message.path == "/%41?b"
    exact = exact and payload.total_bytes == 0
    if rest or payload is not EMPTY_PAYLOAD or not exact:
        return ["aiohttp's request parser no longer hands heads on as they came"]
    upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nglued"
    if parser.feed_data(upgrade)[1:] != (True, b"glued"):
        return ["aiohttp's request parser no longer stops behind a WebSocket handshake"]
    return []


def _answer_faults(parser: HttpResponseParser) -> list[str]:
    """A partial extra answer must show at the end of input: the pool rests on it."""
    parser.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    if parser.feed_eof() is not None:
        return ["aiohttp's answer parser finds something behind a clean answer"]
    parser.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX: ")
    try:
        hidden = parser.feed_eof() is None
    except aiohttp.http_exceptions.HttpProcessingError:
        hidden = False
    return ["aiohttp's answer parser hides a partial extra answer"] if hidden else []


def _mount_faults(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Our pages are called without a socket, through what the server makes requests with."""

    async def nobody(_request: web.BaseRequest) -> web.StreamResponse:
        raise LookupError

    server = web.Server(nobody, loop=loop)
    names = ("request_factory", "request_handler")
    return [
        f"aiohttp changed: Server.{name} is gone" for name in names if not hasattr(server, name)
    ]
