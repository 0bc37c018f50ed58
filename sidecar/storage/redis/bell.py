"""The bell that every replica hears: what one revokes, all read at once."""

import asyncio
from typing import Any, Final

import structlog

from sidecar.settings.resting import RedisPart
from sidecar.storage.redis.clients import FAILURES, Client, client
from sidecar.storage.redis.connection import RedisConnection
from sidecar.storage.redis.line import RedisDown

_ENDING_S: Final = 0.1
"""What ends by itself has so much longer: cut off in the middle, it costs the connection."""
_HEARD_AT_ONCE: Final = 1_000
"""Rings that are one: whoever goes on reads what all of them were about."""

log = structlog.get_logger(__name__)


class RedisBell:
    """Rings by publishing; waits on one connection, which is made anew when it is silent.

    A server that is gone without a word is told from a quiet one by asking: each wait that heard
    nothing ends with a question, and the next one hears at least the answer.
    """

    def __init__(self, part: RedisPart, redis: RedisConnection) -> None:
        self._part = part
        self._redis = redis
        self._channel = f"{redis.prefix}:bell"
        self._client: Client | None = None
        self._heard: Any = None
        self._asked = False
        self._turn = 0

    async def ring(self) -> None:
        """Whoever waits anywhere goes on soon; Redis that is down costs them less than a second."""
        try:
            await self._redis.ask("PUBLISH", self._channel, "")
        except RedisDown:
            log.debug("bell.unheard")

    async def wait(self, within_s: float) -> None:
        """Return once it rang since the last wait, or after so long; it never fails."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        try:
            async with asyncio.timeout(within_s + _ENDING_S):
                await self._hear(until)
        except FAILURES:
            await self._hang_up()
        else:
            return
        await asyncio.sleep(until - loop.time())

    async def close(self) -> None:
        """Nothing is heard any more."""
        await self._hang_up()

    async def _hear(self, until: float) -> None:
        if self._heard is None:
            await self._listen()
        answer_due, self._asked = self._asked, False
        while told := await self._heard.get_message(timeout=_left_s(until)):
            answer_due = False
            if told["type"] == "message":
                await self._drain()
                return
        if answer_due:
            raise TimeoutError
        await self._heard.ping()
        self._asked = True

    async def _listen(self) -> None:
        """Subscribe, at the next of several addresses: the last one may be down."""
        address = self._part.address[self._turn % len(self._part.address)]
        self._turn += 1
        self._client = client(self._part, address)
        self._heard = self._client.redis.pubsub(ignore_subscribe_messages=False)
        await self._heard.subscribe(self._channel)

    async def _drain(self) -> None:
        for _ in range(_HEARD_AT_ONCE):
            if await self._heard.get_message(timeout=0) is None:
                return

    async def _hang_up(self) -> None:
        heard, made = self._heard, self._client
        self._heard = self._client = None
        self._asked = False
        try:
            if heard is not None:
                await heard.aclose()
            if made is not None:
                await made.close()
        except FAILURES as error:
            log.debug("redis.unclosed", error=type(error).__name__)


def _left_s(until: float) -> float:
    return max(0.0, until - asyncio.get_running_loop().time())
