"""People on a few dozen connections at once, who ask for as long as the chaos lasts."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from random import Random

from tests.chaos.oracle import Asked, Oracle, told
from tests.conformance.http.frames import TEXT, frame, read_frame
from tests.conformance.http.visitor import Answer, Visitor

HANG_S = 30.0
"""More than all that the sidecar may wait for one after the other, and a stall on top."""
KINDS = {
    "/sized": 400,
    "/chunked": 5_000,
    "/until-close": 5_000,
    "/stream": 800,
    "/large": 2**20,
    "/echo": 20_000,
}
SHARES = (30, 15, 10, 3, 3, 15)
"""How often each is asked for, beside the others."""
REQUESTS = 40
"""So many at most on one connection."""
BREATH_S = 0.02
"""Between two requests, at most."""
AFTER_FAILURE_S = 0.2
"""Who is told to come back later does; else errors, being quick, would be most of the answers."""
MASK = b"\x37\xfa\x21\x3d"


class Crowd:
    """Everybody asks on every connection, as behind a proxy that knows no people."""

    def __init__(self, port: int, cookies: Mapping[str, str], oracle: Oracle, seed: str) -> None:
        self.oracle = oracle
        self._port = port
        self._cookies = cookies
        self._users = tuple(cookies)
        self._seed = seed
        self._numbers = count()
        self.over = asyncio.Event()
        """Nobody begins anything any more."""

    # --- one after the other ------------------------------------------------------------------

    async def keep_asking(self, number: int) -> None:
        """Ask until it is over, on one connection after the other."""
        dice = Random(f"{self._seed} asks {number}")  # noqa: S311 - repeatable
        while not self.over.is_set():
            try:
                reader, writer = await self._connect()
            except OSError:
                self.oracle.counts["refused"] += 1
                await asyncio.sleep(AFTER_FAILURE_S)
                continue
            opened_ns = time.monotonic_ns()
            try:
                await self._converse(Visitor(reader, writer), opened_ns, dice)
            finally:
                writer.transport.abort()

    async def keep_talking(self, number: int) -> None:
        """Talk over WebSockets until it is over, over one after the other."""
        dice = Random(f"{self._seed} talks {number}")  # noqa: S311 - repeatable
        while not self.over.is_set():
            with suppress(OSError):
                await self.talk(dice.choice(self._users), dice.randint(1, 40))
            await asyncio.sleep(dice.uniform(0, AFTER_FAILURE_S))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(HANG_S):
            return await asyncio.open_connection("127.0.0.1", self._port, limit=2**21)

    async def _converse(self, client: Visitor, opened_ns: int, dice: Random) -> None:
        for _ in range(dice.randint(1, REQUESTS)):
            if self.over.is_set():
                return
            asked = self.request(dice.choice(self._users), dice, opened_ns)
            if dice.random() < 0.02:
                await self._leave(client, asked, dice)
                return
            word, answer = await self.ask(client, asked)
            if word != "right":
                await asyncio.sleep(dice.uniform(0, AFTER_FAILURE_S))
            if not answer.whole or answer.all("Connection") == [b"close"]:
                return
            await asyncio.sleep(dice.uniform(0, BREATH_S))

    # --- requests -----------------------------------------------------------------------------

    def request(self, user: str, dice: Random, opened_ns: int) -> Asked:
        [path] = dice.choices(tuple(KINDS), SHARES)
        most = KINDS[path]
        size = most if path == "/large" else dice.randint(1, most)
        method = "POST" if path == "/echo" or dice.random() < 0.1 else "GET"
        return Asked(user, f"t{next(self._numbers)}", path, size, method, opened_ns)

    async def ask(self, client: Visitor, asked: Asked) -> tuple[str, Answer]:
        """Return what the answer was, and the answer."""
        client.send(self._raw(asked))
        try:
            answer = await client.answer(within_s=HANG_S)
        except TimeoutError:
            answer = Answer(b"", b"", whole=False)
            self.oracle.fault(f"no end of an answer: {told(asked, answer)}")
            return "hung", answer
        return self.oracle.judge(asked, answer), answer

    def _raw(self, asked: Asked) -> bytes:
        body = asked.body if asked.method == "POST" else b""
        coded = asked.size % 2 == 1
        framing = "Transfer-Encoding: chunked" if coded else f"Content-Length: {len(body)}"
        head = self._head(asked.method, asked.target, asked.user, framing if body else "")
        if body and coded:
            half = len(body) // 2 + 1
            pieces = (piece for piece in (body[:half], body[half:], b"") if piece)
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
            body += b"0\r\n\r\n"
        return head + body

    def _head(self, method: str, target: str, user: str, *fields: str) -> bytes:
        lines = (
            f"{method} {target} HTTP/1.1",
            *("Host: app.test", "Origin: https://app.test", "Accept: application/json"),
            *("Sec-Fetch-Site: same-origin", f"Cookie: {self._cookies[user]}"),
            *(field for field in fields if field),
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")

    async def _leave(self, client: Visitor, asked: Asked, dice: Random) -> None:
        """Ask, and be gone before the answer is, or in the middle of the question."""
        raw = self._raw(asked)
        client.send(raw[: dice.randint(1, len(raw))])
        if dice.random() < 0.3:
            with suppress(OSError):  # of a worker that was killed under it
                client.half_close()
        await asyncio.sleep(dice.uniform(0, 0.05))
        self.oracle.counts["left"] += 1

    # --- WebSockets ---------------------------------------------------------------------------

    async def talk(self, user: str, times: int) -> bool:
        """Say some words over a WebSocket; return whether each was echoed, to this user."""
        reader, writer = await self._connect()
        asked = Asked(user, f"t{next(self._numbers)}", "/socket", 0, "GET", time.monotonic_ns())
        try:
            client = Visitor(reader, writer)
            key = b64encode(asked.token.zfill(16).encode()).decode()
            client.send(
                self._head(
                    *("GET", asked.target, user, "Connection: Upgrade", "Upgrade: websocket"),
                    *("Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"),
                )
            )
            answer = await client.answer(within_s=HANG_S)
            if answer.status != 101:
                self.oracle.judge(asked, answer)
                return False
            markers = answer.all("X-Marker"), answer.all("X-Token")
            if markers != ([user.encode()], [asked.token.encode()]):
                self.oracle.fault(f"somebody else's WebSocket: {told(asked, answer)}")
            return await self._echoes(reader, writer, asked, times)
        except TimeoutError:
            self.oracle.fault(f"a WebSocket that hangs: {asked}")
            return False
        finally:
            writer.transport.abort()

    async def _echoes(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: Asked, times: int
    ) -> bool:
        for word in (f"{asked.token}.{number}".encode() for number in range(times)):
            writer.write(frame(TEXT, word, mask=MASK))
            try:
                got = await read_frame(reader.readexactly, within_s=HANG_S)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.oracle.counts["socket broken"] += 1
                return False
            if (got.opcode, got.payload) != (TEXT, f"{asked.user} ".encode() + word):
                self.oracle.fault(f"another echo: {asked}, {word!r}: {got}")
                return False
            await asyncio.sleep(BREATH_S)
        self.oracle.counts["socket right"] += 1
        return True
