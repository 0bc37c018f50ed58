"""One connection of the unruly application: what it was asked, and what it says on the wire."""

import asyncio
import hashlib
import os
import select
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from tests.conformance.http.frames import TEXT, frame, read_frame
from tests.conformance.http.visitor import read_chunks

USERS = ("ada", "grace", "joan", "edith", "mary", "hedy", "dorothy")
END = b"\r\n\r\n"
PIECES = 8
"""In how many pieces chunks are made of a body."""


def cookie(user: str) -> str:
    """Return the session of the application's own login that this user has had all along."""
    return hashlib.sha256(f"session of {user}".encode()).hexdigest()[:24]


PEOPLE = {cookie(user): user for user in USERS}


def filled(user: str, token: str, size: int) -> bytes:
    """Return a body that is this user's and this request's alone, wherever one looks into it."""
    piece = f"{user}:{token};".encode()
    return (piece * (size // len(piece) + 1))[:size]


@dataclass(frozen=True)
class Request:
    """What the application was asked, whole."""

    method: str
    path: str
    query: Mapping[str, str]
    fields: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def user(self) -> str:
        crumbs = (crumb.strip() for crumb in self.fields.get("cookie", "").split(";"))
        return next((PEOPLE[c[4:]] for c in crumbs if c[:4] == "app=" and c[4:] in PEOPLE), "")

    @property
    def oddity(self) -> str:
        """What no request that comes through the sidecar can have; nothing in a sound one."""
        if "sidecar" in self.fields.get("cookie", ""):
            return "the cookie of the sidecar"
        if self.fields.get("x-sidecar-subject", self.user) != self.user:
            return "vouched for somebody else"
        token = self.query.get("token", "")
        whole = self.method != "POST" or self.body == filled(self.user, token, len(self.body))
        return "" if whole else "somebody else's body"


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request; None where it ends, or breaks off, instead."""
    try:
        first, *lines = (await reader.readuntil(END)).decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        if fields.get("transfer-encoding") == "chunked":
            body = await read_chunks(reader)
        else:
            body = await reader.readexactly(int(fields.get("content-length", 0)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, target, _ = first.split(" ")
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), fields, body)


class Framing(Enum):
    """How one sees where an answer ends."""

    SIZED = "sized"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until-close"


@dataclass(frozen=True)
class Answer:
    """What is said to one request, if nothing goes wrong."""

    head: bytes
    parts: tuple[bytes, ...]
    framing: Framing = Framing.SIZED
    pause_s: float = 0
    """Before each part of the body."""

    @property
    def wire(self) -> bytes:
        return self.head + b"".join(self.parts)


def answer_to(request: Request, *extra: str) -> Answer:
    """Return the marker of whose cookie came, the request's token, and a body to be checked."""
    user, token = request.user, request.query.get("token", "")
    if request.path == "/whoami":
        told = f'{{"user": {{"id": "{user}"}}}}' if user else '{"user": null}'
        return _sized("application/json", told.encode(), *extra)
    body = request.body or filled(user, token, int(request.query.get("size", 2)))
    fields = (
        f"X-Marker: {user}",
        f"X-Subject: {request.fields.get('x-sidecar-subject', '')}",
        f"X-Token: {token}",
        f"X-Length: {len(body)}",
        f"X-Digest: {hashlib.sha256(body).hexdigest()}",
        *extra,
    )
    match request.path:
        case "/chunked" | "/stream":
            parts = (*(_chunk(piece) for piece in _pieces(body)), b"0\r\n\r\n")
            pause_s = 0.03 if request.path == "/stream" else 0
            head = _head("text/event-stream", *fields, "Transfer-Encoding: chunked")
            return Answer(head, parts, Framing.CHUNKED, pause_s)
        case "/until-close":
            head = _head("text/plain", *fields, "Connection: close")
            return Answer(head, (*_pieces(body),), Framing.UNTIL_CLOSE)
        case _:
            return _sized("text/plain", body, *fields)


def _sized(kind: str, body: bytes, *fields: str) -> Answer:
    return Answer(_head(kind, *fields, f"Content-Length: {len(body)}"), (body,))


def _head(kind: str, *fields: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", f"Content-Type: {kind}", *fields, "", "")
    return "\r\n".join(lines).encode("ascii")


def _pieces(body: bytes) -> Iterator[bytes]:
    step = len(body) // PIECES + 1
    return (body[at : at + step] for at in range(0, len(body), step))


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Record:
    """What the application did, a line each, in a file that outlives it."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._numbers = count()

    def __call__(self, *words: object) -> None:
        """The line is in the file: not even being killed takes it back."""
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())

    def number(self) -> str:
        """Return a number that no other process of this application uses."""
        return f"{os.getpid()}.{next(self._numbers)}"


class Peer:
    """One connection that the application took."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: Record
    ) -> None:
        self.reader = reader
        self.record = record
        self._writer = writer
        self._poll = select.poll()
        self._poll.register(writer.get_extra_info("socket").fileno(), select.POLLIN)

    @property
    def _transport(self) -> asyncio.Transport:
        return cast("asyncio.Transport", self._writer.transport)

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def tell(self, answer: Answer) -> None:
        """The answer is told; the small ones at once."""
        if not answer.pause_s and len(answer.wire) < 2**16:
            await self.say(answer.wire)
            return
        await self.say(answer.head)
        for part in answer.parts:
            await asyncio.sleep(answer.pause_s)
            await self.say(part)

    def say_unasked(self, answer: bytes, number: str) -> bool:
        """These bytes, to which no request has come, are out, and it is told since when.

        Who asks after that moment can know that they are not the answer. Return False where they
        cannot be told from one: because a request has come, or what was said before is not out.
        """
        if self._poll.poll(0) or self._writer.transport.get_write_buffer_size():
            return False
        self._writer.write(answer)
        if not self._writer.transport.get_write_buffer_size():
            self.record("unasked", number, time.monotonic_ns())
        return True

    def deaf(self) -> None:
        """What comes from now on stays in the kernel, where `say_unasked` sees it."""
        self._transport.pause_reading()

    def listening(self) -> None:
        self._transport.resume_reading()

    def half_close(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        plain = self._writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def left(self, within_s: float = 60) -> None:
        """The other side has ended the connection, or has let us wait for so long."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(within_s):
                while await self.reader.read(65536):
                    pass

    async def echo(self, request: Request) -> None:
        """The WebSocket says whose it is and repeats what it is told, until its end."""
        key = request.fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
        lines = (
            "HTTP/1.1 101 Switching Protocols",
            *("Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Accept: {accept}"),
            *(f"X-Marker: {request.user}", f"X-Token: {request.query['token']}", "", ""),
        )
        await self.say("\r\n".join(lines).encode("ascii"))
        exactly = self.reader.readexactly
        while (said := await read_frame(exactly, within_s=60)).opcode == TEXT:
            await self.say(frame(TEXT, f"{request.user} ".encode() + said.payload))
