"""The line to one server: never long, never twice, and not at all while it is down."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from redis.exceptions import AskError, MovedError, NoScriptError

from sidecar.core.breaker import Breaker, Tripped
from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.storage.redis.clients import AT_ONCE, FAILURES, Client

Word = str | bytes | float

_ADVICE: Final = (AskError, MovedError, NoScriptError)
"""Answers that say how to ask: the server works."""

log = structlog.get_logger(__name__)


class RedisDown(StoreUnavailable):
    """Redis did not answer in time, or not as it should; nothing was allowed by it."""

    def __init__(
        self, message: str, *, retry_after_s: int = 1, why: Unserved = Unserved.BESIDE
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s, why=why)


class LeftAlone(RedisDown):
    """It was not even asked: it failed a moment ago."""


class Line:
    """What one process asks of one server, a few questions at a time."""

    def __init__(self, client: Client, timeout_s: float, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._breaker = Breaker(monotonic)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask(self, *words: Word, asking: bool = False) -> object:
        """Return the answer to one command; `asking`: for a key that is on its way there.

        Raises:
            RedisDown: there is none.
            AskError, MovedError: another node of the cluster has it.
            NoScriptError: the server does not know the script.

        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._turns.acquire()
        except TimeoutError:
            raise RedisDown("too many wait for Redis", why=Unserved.CROWDED) from None
        try:
            return await self._asked(*words, asking=asking)
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Every connection is closed."""
        try:
            await self._client.close()
        except FAILURES as error:
            log.debug("redis.unclosed", error=type(error).__name__)

    async def _asked(self, *words: Word, asking: bool) -> object:
        try:
            self._breaker.enter()
        except Tripped as tripped:
            raise LeftAlone("Redis is down", retry_after_s=tripped.retry_after_s) from None
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._said(*words, asking=asking)
        except _ADVICE:
            self._worked()
            raise
        except FAILURES as error:
            down = self._failed(error)
            await self._leave()
            raise down from None
        except BaseException:
            self._breaker.left()
            raise
        self._worked()
        return answer

    async def _said(self, *words: Word, asking: bool) -> object:
        redis = self._client.redis
        if not asking:
            return await redis.execute_command(*words)  # type: ignore[no-untyped-call]
        async with redis.pipeline(transaction=False) as both:
            both.execute_command("ASKING")
            both.execute_command(*words)
            _, answer = await both.execute()
        return answer

    async def _leave(self) -> None:
        """No connection that nobody uses now is used again: what befell one befell them all.

        Each would else be waited for in turn, or lead to a master that is one no more.
        """
        with suppress(*FAILURES):
            async with asyncio.timeout(self._timeout_s):
                await self._client.redis.connection_pool.disconnect(inuse_connections=False)

    def _worked(self) -> None:
        if self._breaker.tripped:
            log.info("redis.answers")
        self._breaker.succeeded()

    def _failed(self, error: Exception) -> RedisDown:
        """Return what is told of it: no words of the server's, which may repeat what was sent."""
        reason = _reason(error)
        if not self._breaker.tripped:
            log.warning("redis.fails", error=reason)
        self._breaker.failed()
        return RedisDown(f"Redis fails: {reason}")


def _reason(error: BaseException) -> str:
    """Return what kind of failure it is, and of what: of a certificate, a name, a silent peer."""
    name, beneath = type(error).__name__, error.__cause__ or error.__context__
    return f"{name} ({type(beneath).__name__})" if isinstance(beneath, Exception) else name
