"""A strict reader of HTTP/1 requests, written from RFC 9112 without a look at the front.

Where it and the front understand different requests in the same bytes, one of them is wrong.
"""

import re
from dataclasses import dataclass

LINE = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\*|/[\x21\x22\x24-\x7e]*|[A-Za-z]+://[\x21\x22\x24-\x7e]+) "
    rb"HTTP/1\.([01])"
)
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
LENGTH = re.compile(rb"[0-9]{1,19}")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?")
FRAMING = frozenset((b"content-length", b"transfer-encoding"))
END = b"\r\n\r\n"

Fields = tuple[tuple[bytes, bytes], ...]


class MalformedError(Exception):
    """Nobody should find a request in this."""


class IncompleteError(Exception):
    """A request may still become of this."""


@dataclass(frozen=True)
class Request:
    """One request, but for how its end was told."""

    method: bytes
    target: bytes
    fields: Fields
    body: bytes


def read(data: bytes) -> tuple[list[Request], str]:
    """Return the requests in the bytes, and whether what follows is nothing, a part, or no request.

    The second is `clean`, `incomplete` or `malformed`.
    """
    found: list[Request] = []
    # Line ends before a request are no part of any (RFC 9112 §2.2).
    while data := data.lstrip(b"\r\n"):
        try:
            request, data = _one(data)
        except IncompleteError:
            return found, "incomplete"
        except MalformedError:
            return found, "malformed"
        found.append(request)
    return found, "clean"


def _one(data: bytes) -> tuple[Request, bytes]:
    head, end, rest = data.partition(END)
    if not end:
        raise IncompleteError
    first, *lines = head.split(b"\r\n")
    line = LINE.fullmatch(first)
    if line is None or (line[2] == b"*" and line[1] != b"OPTIONS"):
        raise MalformedError
    fields = _fields(lines)
    old = line[3] == b"0"
    hosts = _values(fields, b"host")
    if len(hosts) > 1 or (not hosts and not old):
        raise MalformedError
    body, rest = _body(fields, rest, old=old)
    kept = tuple(field for field in fields if field[0].lower() not in FRAMING)
    return Request(line[1], line[2], kept, body), rest


def _fields(lines: list[bytes]) -> Fields:
    found = [FIELD.fullmatch(line) for line in lines]
    if None in found:
        raise MalformedError
    return tuple((hit[1], hit[2]) for hit in found if hit is not None)


def _values(fields: Fields, name: bytes) -> list[bytes]:
    return [value for key, value in fields if key.lower() == name]


def _body(fields: Fields, rest: bytes, *, old: bool) -> tuple[bytes, bytes]:
    codings, lengths = (_values(fields, name) for name in sorted(FRAMING, reverse=True))
    if codings:
        if old or lengths or [coding.lower() for coding in codings] != [b"chunked"]:
            raise MalformedError
        return _chunks(rest)
    if not lengths:
        return b"", rest
    if len(lengths) > 1 or not LENGTH.fullmatch(lengths[0]):
        raise MalformedError
    size = int(lengths[0])
    if len(rest) < size:
        raise IncompleteError
    return rest[:size], rest[size:]


def _chunks(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, rest = _size(rest)
        if not size:
            return body, _trailers(rest)
        if len(rest) < size + 2:
            raise IncompleteError
        if rest[size : size + 2] != b"\r\n":
            raise MalformedError
        body, rest = body + rest[:size], rest[size + 2 :]


def _size(rest: bytes) -> tuple[int, bytes]:
    line, end, rest = rest.partition(b"\r\n")
    if not end:
        raise IncompleteError
    hit = CHUNK.fullmatch(line)
    if hit is None:
        raise MalformedError
    return int(hit[1], 16), rest


def _trailers(rest: bytes) -> bytes:
    if rest.startswith(b"\r\n"):
        return rest[2:]
    trailers, end, rest = rest.partition(END)
    if not end:
        raise IncompleteError
    _fields(trailers.split(b"\r\n"))
    return rest
