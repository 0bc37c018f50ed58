"""What the parser lets through and a guarding proxy must not: heads with two readings."""

import re
from dataclasses import dataclass
from typing import Final

from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage, RawResponseMessage
from aiohttp.http_exceptions import LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD

from sidecar.core.errors import UpstreamUnreachable
from sidecar.proxy.limits import Limits

HTTP_10: Final = (1, 0)
HTTP_11: Final = (1, 1)

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
"""`uri-host [":" port]`, without the characters that only an attack puts into a host.

Source: RFC 9110 §7.2, RFC 3986 §3.2.2.
"""
_LENGTH: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
"""Below 2**63 whatever the digits: others behind us may count in 64 bits."""
_LOOSE_LINE: Final = re.compile(
    rb"(?:\r?\n)*[A-Z-]+(?: |\t)(?:[ \t]|[^ \t\r\n]+(?:\t| (?:[ \t]|[^H \t\r\n])))"
)
"""A request line whose parts are not separated by exactly one space (RFC 9112 §3), or that is of
another protocol: the parser knows RTSP and ICE too."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request the front does not take; the connection ends with it."""

    status: int
    allow: bytes = b""
    """The methods named in `Allow`, which a 405 owes."""


MALFORMED: Final = Refusal(400)
TIMED_OUT: Final = Refusal(408)
HEAD_TOO_LARGE: Final = Refusal(431)
CROWDED: Final = Refusal(503)
_VERSION: Final = Refusal(505)
_METHOD: Final = Refusal(405, b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")


def fault(message: RawRequestMessage) -> Refusal | None:
    """Return why this head must not go further; None for a sound one."""
    if message.version not in (HTTP_11, HTTP_10):
        return _VERSION
    if message.method in ("CONNECT", "TRACE"):
        return _METHOD
    if "#" in message.path or not (_host_sound(message) and _framing_sound(message)):
        return MALFORMED
    return None


def parse_fault(error: Exception, limits: Limits) -> Refusal:
    """Return the refusal for what the parser raised."""
    if isinstance(error, LineTooLong):
        return Refusal(414) if error.args[1] == limits.line_bytes else HEAD_TOO_LARGE
    if error.args and error.args[0] == "Too many headers received":
        return HEAD_TOO_LARGE
    return MALFORMED


def loose_line(data: bytes) -> bool:
    """Whether these first bytes of a request separate the parts of its first line loosely."""
    return _LOOSE_LINE.match(data) is not None


def head_size(message: RawRequestMessage) -> int:
    return sum(len(name) + len(value) + 4 for name, value in message.raw_headers)


def has_body(payload: StreamReader) -> bool:
    return payload is not EMPTY_PAYLOAD


def switches(message: RawRequestMessage) -> bool:
    """Whether the parser will stop behind this message, for another protocol to begin."""
    if not message.upgrade:
        return False
    protocol = message.headers.get("Upgrade", "")
    return protocol.isascii() and protocol.lower() == "websocket"


def expects_continue(message: RawRequestMessage) -> bool:
    """Whether the client holds its body back until somebody says 100 (RFC 9110 §10.1.1)."""
    return message.headers.get("Expect", "").lower() == "100-continue"


def is_websocket(message: RawRequestMessage, payload: StreamReader) -> bool:
    """Whether this is a WebSocket handshake (RFC 6455 §4.1), the only upgrade there is here."""
    return (
        switches(message)
        and message.method == "GET"
        and message.version == HTTP_11
        and not has_body(payload)
    )


def check_coding(message: RawResponseMessage) -> None:
    """Nothing but plain chunks was taken off the body (RFC 9112 §6.1).

    Raises:
        UpstreamUnreachable: another coding would be lost, and the body with it.

    """
    codings = message.headers.getall("Transfer-Encoding", ())
    if codings and (
        message.version == HTTP_10 or [coding.lower() for coding in codings] != ["chunked"]
    ):
        raise UpstreamUnreachable("unknown transfer coding")


def _host_sound(message: RawRequestMessage) -> bool:
    hosts = message.headers.getall("Host", ())
    if not hosts:
        return message.version == HTTP_10
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


def _framing_sound(message: RawRequestMessage) -> bool:
    """Whether nobody behind us could find another end of this message than we do."""
    codings = message.headers.getall("Transfer-Encoding", ())
    lengths = message.headers.getall("Content-Length", ())
    if codings:
        return (
            message.version == HTTP_11
            and not lengths
            and len(codings) == 1
            and codings[0].lower() == "chunked"
        )
    return not lengths or (len(lengths) == 1 and _LENGTH.fullmatch(lengths[0]) is not None)
