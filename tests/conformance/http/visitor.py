"""A raw client that notices where an answer was broken off."""

import asyncio
import contextlib
from dataclasses import dataclass

PATIENCE_S = 4


@dataclass(frozen=True)
class Answer:
    """One answer as the client got it; `whole` is false where its framing was broken off.

    The body is then what is known of its beginning.
    """

    head: bytes
    body: bytes
    whole: bool = True

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1]) if self.head else 0

    def all(self, name: str) -> list[bytes]:
        wanted = name.lower().encode()
        fields = (line.partition(b": ") for line in self.head.split(b"\r\n")[1:])
        return [value for key, _, value in fields if key.lower() == wanted]


class Visitor:
    """A raw client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        """The bytes are on their way, unless the connection has been cut."""
        if not self._writer.is_closing():
            self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    async def answer(self, *, head_only: bool = False, within_s: float = PATIENCE_S) -> Answer:
        """Return the next answer, interim ones included."""
        async with asyncio.timeout(within_s):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return Answer(b"", b"", whole=False)
            try:
                return Answer(head, await self._body(head, head_only=head_only))
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                return Answer(head, getattr(error, "partial", b""), whole=False)

    async def _body(self, head: bytes, *, head_only: bool) -> bytes:
        answer = Answer(head, b"")
        if head_only or answer.status < 200 or answer.status in (204, 304):
            return b""
        if answer.all("Transfer-Encoding") == [b"chunked"]:
            return await read_chunks(self.reader)
        if lengths := answer.all("Content-Length"):
            return await self.reader.readexactly(int(lengths[0]))
        return await self.reader.read()

    async def get(self, target: str = "/", *fields: str, version: str = "HTTP/1.1") -> Answer:
        lines = (f"GET {target} {version}", "Host: app.test", *fields, "", "")
        self.send("\r\n".join(lines).encode("latin-1"))
        return await self.answer()

    async def rest(self) -> bytes:
        """Return everything up to the end of the connection, which must come."""
        async with asyncio.timeout(PATIENCE_S):
            data = bytearray()
            with contextlib.suppress(ConnectionError):
                while chunk := await self.reader.read(65536):
                    data += chunk
            return bytes(data)

    async def silent(self, seconds: float = 0.15) -> bool:
        """Whether nothing comes, not even an end."""
        try:
            async with asyncio.timeout(seconds):
                return not await self.reader.read(1) and False
        except TimeoutError:
            return True

    def half_close(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    """Return a chunked body; what had come of one that is cut off is in the error."""
    body = b""
    try:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise asyncio.IncompleteReadError(body, None) from error
    return body
