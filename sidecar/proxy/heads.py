"""Message heads as bytes: written once, in the order and spelling they came in."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage, RawResponseMessage

from sidecar.core.protocols import RawHeaders
from sidecar.proxy.faults import UnsafeHead
from sidecar.proxy.framing import Refusal, has_body
from sidecar.proxy.verdicts import Reply

CLOSE: Final = (b"Connection", b"close")
KEEP_ALIVE: Final = (b"Connection", b"keep-alive")
CHUNKED: Final = (b"Transfer-Encoding", b"chunked")
UPGRADE: Final = ((b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"))

HOP_BY_HOP: Final = frozenset(
    (
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Fields that speak about one connection only (RFC 9110 §7.6.1)."""
NEVER_NOMINATED: Final = frozenset(
    (
        b"cache-control",
        b"content-length",
        b"content-security-policy",
        b"content-type",
        b"location",
        b"set-cookie",
        b"strict-transport-security",
        b"www-authenticate",
    )
)
"""Fields that `Connection` cannot have removed: framing, and what protects the visitor."""

LAST_CHUNK: Final = b"0\r\n\r\n"
BODILESS: Final = frozenset((204, 304))
"""Final statuses that never have a body, whatever their headers say (RFC 9112 §6.3)."""

_FRAMING: Final = frozenset((b"connection", b"content-length", b"transfer-encoding", b"upgrade"))
_CONTROLS: Final = bytes(range(0x20)).replace(b"\t", b"") + b"\x7f"
_SPACES: Final = bytes(range(0x21)) + b"\x7f"


def request_head(
    method: str, target: bytes, headers: RawHeaders, framing: RawHeaders = ()
) -> bytes:
    """Return the head of a request to an application; `framing` replaces what is in `headers`.

    Raises:
        UnsafeHead: the target or a field could end the head early.

    """
    if not target or target.translate(None, _SPACES) != target:
        raise UnsafeHead("request target")
    kept = (field for field in headers if field[0].lower() not in _FRAMING)
    return _head(b"%b %b HTTP/1.1" % (method.encode("ascii"), target), (*kept, *framing))


def request_framing(
    message: RawRequestMessage, payload: StreamReader, *, upgrade: bool
) -> RawHeaders:
    """Return the fields that say where the request ends, in their plainest form."""
    if upgrade:
        return UPGRADE
    if message.chunked:
        return (CHUNKED,)
    length = message.headers.get("Content-Length")
    if length is None:
        return ()
    return ((b"Content-Length", b"%d" % (int(length) if has_body(payload) else 0)),)


def end_to_end(headers: RawHeaders, *, dropped: frozenset[bytes] = HOP_BY_HOP) -> RawHeaders:
    """Return the fields of an answer that may pass on: no hop-by-hop ones, none nominated."""
    nominated: set[bytes] = set()
    for name, value in headers:
        if name.lower() == b"connection":
            nominated.update(token.strip().lower() for token in value.split(b","))
    gone = dropped | (nominated - NEVER_NOMINATED)
    return tuple(field for field in headers if field[0].lower() not in gone)


def answer_head(message: RawResponseMessage, headers: RawHeaders, framing: RawHeaders) -> bytes:
    """Return the head of an application's answer, reason phrase included, as it goes on.

    Raises:
        UnsafeHead: a field could end the head early.

    """
    if message.code == HTTPStatus.NO_CONTENT:
        headers = tuple(field for field in headers if field[0].lower() != b"content-length")
    reason = message.reason.encode("utf-8", "surrogateescape")
    return _head(b"HTTP/1.1 %d %b" % (message.code, reason), (*headers, *framing))


def info_head(message: RawResponseMessage) -> bytes:
    """Return an interim answer as it is passed on; cookies wait for the final one."""
    passing = end_to_end(message.raw_headers, dropped=HOP_BY_HOP | {b"set-cookie"})
    return answer_head(message, passing, ())


def reply_head(reply: Reply, *, date: bytes, connection: RawHeaders) -> bytes:
    """Return the head of an answer of our own.

    Raises:
        UnsafeHead: a field could end the head early.

    """
    length = () if reply.status in BODILESS else ((b"Content-Length", b"%d" % len(reply.body)),)
    fields = (*reply.headers, *length, (b"Date", date), *connection)
    return _head(b"HTTP/1.1 %d %b" % (reply.status, _phrase(reply.status)), fields)


def refusal(refused: Refusal, *, date: bytes, with_body: bool = True) -> bytes:
    """Return the whole answer to a request that was not understood: nothing of it is repeated."""
    phrase = _phrase(refused.status)
    problem = {"type": "about:blank", "title": phrase.decode(), "status": refused.status}
    reply = Reply(
        refused.status,
        (
            (b"Content-Type", b"application/problem+json"),
            (b"Cache-Control", b"no-store"),
            *(((b"Allow", refused.allow),) if refused.allow else ()),
        ),
        json.dumps(problem).encode(),
    )
    return reply_head(reply, date=date, connection=(CLOSE,)) + (reply.body if with_body else b"")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""


def _head(first_line: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    lines = [first_line, *(b"%b: %b" % field for field in headers)]
    head = b"\r\n".join(lines)
    # Only our own line ends may be control bytes: anything else would start a line of its own.
    if len(head) - len(head.translate(None, _CONTROLS)) != 2 * (len(lines) - 1):
        raise UnsafeHead("header field")
    return head + b"\r\n\r\n"
