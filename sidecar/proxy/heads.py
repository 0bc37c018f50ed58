"""Message heads as bytes: written once, in the order and spelling they came in."""

import json
from http import HTTPStatus
from typing import Final

from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage, RawResponseMessage

from sidecar.core.cookies import names_our_cookie
from sidecar.core.protocols import RawHeaders
from sidecar.proxy.faults import UnsafeHead
from sidecar.proxy.framing import Refusal, has_body
from sidecar.proxy.headers import (
    CACHED,
    CODED,
    CONTROLS,
    COOKIES,
    HOP_BY_HOP,
    LENGTH,
    NOMINATES,
    SENT,
    Fates,
    block,
    is_managed,
    joined,
    nominated,
    nominated_by,
)
from sidecar.proxy.verdicts import Reply

CLOSE: Final = b"Connection: close\r\n"
KEEP_ALIVE: Final = b"Connection: keep-alive\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
UPGRADE: Final = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"

LAST_CHUNK: Final = b"0\r\n\r\n"
BODILESS: Final = frozenset((204, 304))
"""Final statuses that never have a body, whatever their headers say (RFC 9112 §6.3)."""

_SHARED_CACHE: Final = frozenset((b"surrogate-control", b"edge-control", b"x-accel-expires"))
"""Fields that speak to shared caches past `Cache-Control`, beside `*CDN-Cache-Control`."""
_SHARED_DIRECTIVES: Final = ("public", "s-maxage", "private")
_SPACES: Final = bytes(range(0x21)) + b"\x7f"


# --- requests -------------------------------------------------------------------------------------


def request_head(method: str, target: bytes, fields: bytes, framing: bytes = b"") -> bytes:
    """Return the head of a request to an application; `fields` are whole lines without framing.

    Raises:
        UnsafeHead: the target could end the line early.

    """
    if not target or target.translate(None, _SPACES) != target:
        raise UnsafeHead("request target")
    return b"%b %b HTTP/1.1\r\n%b%b\r\n" % (method.encode("ascii"), target, fields, framing)


def request_framing(message: RawRequestMessage, payload: StreamReader, *, upgrade: bool) -> bytes:
    """Return the fields that say where the request ends, in their plainest form."""
    if upgrade:
        return UPGRADE
    if message.chunked:
        return CHUNKED
    length = message.headers.get("Content-Length")
    if length is None:
        return b""
    return b"Content-Length: %d\r\n" % (int(length) if has_body(payload) else 0)


# --- answers of ours ------------------------------------------------------------------------------


def reply_head(reply: Reply, *, date: bytes, connection: bytes) -> bytes:
    """Return the head of an answer of our own.

    Raises:
        UnsafeHead: a field could end the head early.

    """
    length = () if reply.status in BODILESS else ((b"Content-Length", b"%d" % len(reply.body)),)
    fields = block((*reply.headers, *length, (b"Date", date)))
    return b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (
        *(reply.status, _phrase(reply.status)),
        *(fields, connection),
    )


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
    return reply_head(reply, date=date, connection=CLOSE) + (reply.body if with_body else b"")


def bodiless(method: str, status: int) -> bool:
    """Tell whether the final answer to such a request has no body, whatever it says of one."""
    return method == "HEAD" or status in BODILESS


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""


# --- answers of applications ----------------------------------------------------------------------


def answer_head(message: RawResponseMessage, fields: bytes, framing: bytes) -> bytes:
    """Return the head of an application's answer, reason phrase included, as it goes on.

    Raises:
        UnsafeHead: the reason phrase could end the line early.

    """
    reason = message.reason.encode("utf-8", "surrogateescape")
    if reason.translate(None, CONTROLS) != reason:
        raise UnsafeHead("reason phrase")
    return b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (message.code, reason, fields, framing)


def info_head(message: RawResponseMessage) -> bytes:
    """Return an interim answer as it is passed on; cookies wait for the final one."""
    return answer_head(message, answer_fields(message.raw_headers, gone=COOKIES)[0], b"")


class _AnswerFates(Fates):
    def judge(self, lower: bytes) -> int:
        if b" " in lower:  # the parser lets some through, and clients disagree about them
            raise UnsafeHead("field name")
        if lower == b"connection":
            return NOMINATES
        if lower == b"transfer-encoding":
            return CODED
        if lower in HOP_BY_HOP or (
            lower.startswith(b"x-sidecar") and is_managed(lower.decode("latin-1"))
        ):
            return 0
        if lower == b"set-cookie":
            return SENT | COOKIES
        if (
            lower == b"cache-control"
            or lower.endswith(b"cdn-cache-control")
            or lower in _SHARED_CACHE
        ):
            return SENT | CACHED
        return SENT | (LENGTH if lower == b"content-length" else 0)


_ANSWERS: Final = _AnswerFates()


def answer_fields(
    headers: RawHeaders, *, private: bool = False, gone: int = 0
) -> tuple[bytes, int]:
    """Return the lines of an answer's fields that the client may see, and the signs of them all.

    Where `private`, no shared cache may keep the answer: it took a proof to get. Fields with any
    of the signs `gone` stay here, and so does whatever would speak for us.

    Raises:
        UnsafeHead: a field could end the head early.

    """
    if private:
        gone |= CACHED
    kept, signs = [], 0
    for one in headers:
        fate = _ANSWERS[one[0]]
        signs |= fate
        if fate & SENT and not fate & gone and not (fate & COOKIES and names_our_cookie(one[1])):
            kept.append(b"%b: %b\r\n" % one)
        elif fate & NOMINATES and nominated_by(one[1]):
            named = nominated(headers) | {b"connection"}
            left = tuple(one for one in headers if one[0].lower() not in named)
            return answer_fields(left, private=private, gone=gone)
    if private:
        kept.append(_privately(headers) if signs & CACHED else b"Cache-Control: private\r\n")
    return joined(kept), signs


def end_to_end(headers: RawHeaders) -> RawHeaders:
    """Return the fields of an answer that are not for this connection only."""
    gone = HOP_BY_HOP | nominated(headers)
    return tuple(one for one in headers if one[0].lower() not in gone)


def _privately(headers: RawHeaders) -> bytes:
    """Return the directives of an answer, less those for shared caches."""
    directives = [
        text
        for name, value in headers
        if name.lower() == b"cache-control"
        for part in value.decode("latin-1").split(",")
        if (text := part.strip()) and not text.lower().startswith(_SHARED_DIRECTIVES)
    ]
    return b"Cache-Control: %b\r\n" % ", ".join(["private", *directives]).encode("latin-1")
