"""An application that keeps people apart, and breaks every other rule now and then.

    python -m tests.chaos.application PORT SEED CHANCE RECORD

It is a process of its own, so that it can be killed, stopped, and started again on its port.
"""

import asyncio
import sys
from contextlib import suppress
from random import Random

from tests.chaos.mischief import drawn, name
from tests.chaos.peer import Framing, Peer, Record, Request, answer_to, read_request


class Application:
    """Answers everybody, sometimes in a way that it must not."""

    def __init__(self, dice: Random, chance: float, record: Record) -> None:
        self._dice = dice
        self._chance = chance
        self._record = record

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, self._record)
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            await self._serve(peer)
        writer.close()

    async def _serve(self, peer: Peer) -> None:
        goes_on = True
        while goes_on and (request := await read_request(peer.reader)) is not None:
            if request.oddity:
                self._record("odd", request.oddity, request)
            if request.method == "POST":
                self._record("post", request.query.get("token", ""))
            goes_on = await self._answer(peer, request)

    async def _answer(self, peer: Peer, request: Request) -> bool:
        if "upgrade" in request.fields:
            await self._socket(peer, request)
            return False
        answer, goes_on = answer_to(request), True
        if self._dice.random() < self._chance:
            mischief = drawn(answer, self._dice)
            self._record("did", name(mischief))
            goes_on = await mischief(peer, answer, self._dice)
        else:
            await peer.tell(answer)
        return goes_on and answer.framing is not Framing.UNTIL_CLOSE

    async def _socket(self, peer: Peer, request: Request) -> None:
        if self._dice.random() >= self._chance:
            await peer.echo(request)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._dice.uniform(0, 1)):
                await peer.echo(request)
        self._record("did", "resets_socket")
        peer.reset()


async def serve(port: int, application: Application) -> None:
    server = await asyncio.start_server(application.accept, "127.0.0.1", port, limit=2**21)
    await server.serve_forever()


if __name__ == "__main__":
    port, seed, chance, record = sys.argv[1:]
    made = Application(Random(seed), float(chance), Record(record))  # noqa: S311 - repeatable
    asyncio.run(serve(int(port), made))
