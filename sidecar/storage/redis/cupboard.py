"""The keys under which Redis holds the contents of sessions, and for how long."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from sidecar.core.model import SessionId, TokenHash
from sidecar.core.protocols import Clock
from sidecar.storage.redis.connection import RedisConnection
from sidecar.storage.redis.contents import Contents, seal, unseal
from sidecar.storage.redis.line import RedisDown
from sidecar.storage.vault import Vault

T = TypeVar("T")

READ_OUT: Final = timedelta(minutes=1)
"""How long what was replaced stays: whoever read its stamp before still asks for it."""

_LONGEST_ID: Final = 64

log = structlog.get_logger(__name__)


class Cupboard:
    """Contents by session and stamp, and the session of each token; every key goes by itself.

    Which session a token belongs to is a hint: the contents say it, and are sealed.
    """

    def __init__(self, redis: RedisConnection, vault: Vault, clock: Clock) -> None:
        self._redis = redis
        self._vault = vault
        self._clock = clock

    async def find(self, token: TokenHash) -> SessionId | None:
        """Return the session that the token may belong to.

        Raises:
            RedisDown: it cannot be told.

        """
        found = await self._redis.ask("GET", self._token(token))
        if not isinstance(found, bytes) or len(found) > _LONGEST_ID:
            return None
        return SessionId(found.decode("ascii", "replace"))

    async def read(self, which: str, stamp: str) -> Contents | None:
        """Return what is there under the stamp; None where it was lost, or is not ours.

        Raises:
            RedisDown: it cannot be told.

        """
        found = await self._redis.ask("GET", self._contents(which, stamp))
        return unseal(self._vault, which, stamp, found)

    async def put(self, which: str, stamp: str, contents: Contents, until: datetime) -> None:
        """The contents are there under the stamp, and found by their token, until then.

        Raises:
            RedisDown: perhaps not.

        """
        sealed = seal(self._vault, which, stamp, contents)
        life_ms = self._life_ms(until)
        both = ((self._token(contents.token), which), (self._contents(which, stamp), sealed))
        await everything(self._redis.ask("SET", *each, "PX", life_ms) for each in both)

    async def amend(self, which: str, stamp: str, contents: Contents) -> None:
        """The contents are these now, if any are there, for as long as they were to be.

        Raises:
            RedisDown: perhaps not.

        """
        sealed = seal(self._vault, which, stamp, contents)
        await self._redis.ask("SET", self._contents(which, stamp), sealed, "XX", "KEEPTTL")

    def outlive(
        self, which: str, stamp: str, contents: Contents, until: datetime
    ) -> Callable[[], Awaitable[None]]:
        """Return what makes the contents stay until then; what it misses goes earlier."""
        return self._kept((self._token(contents.token), self._contents(which, stamp)), until)

    def clear(
        self, which: str, stamp: str, contents: Contents, after: Contents
    ) -> Callable[[], Awaitable[None]]:
        """Return what makes room for the contents after; what it misses goes by itself.

        Their token stays, for as long as they do.
        """
        previous = contents.previous
        tokens = {contents.token, *((previous.token,) if previous else ())} - {after.token}
        keys = (self._contents(which, stamp), *map(self._token, tokens))
        return self._kept(keys, self._clock() + READ_OUT)

    def remove(self, gone: Iterable[tuple[str, str]]) -> Callable[[], Awaitable[None]]:
        """Return what removes the contents of sessions that are over."""
        keys = [self._contents(which, stamp) for which, stamp in gone]

        async def work() -> None:
            await _quietly(self._redis.ask("DEL", key) for key in keys)

        return work

    def _kept(self, keys: Iterable[str], until: datetime) -> Callable[[], Awaitable[None]]:
        life_ms, all_of_them = self._life_ms(until), tuple(keys)

        async def work() -> None:
            await _quietly(self._redis.ask("PEXPIRE", key, life_ms) for key in all_of_them)

        return work

    def _life_ms(self, until: datetime) -> int:
        return max(1, int((until - self._clock()) / timedelta(milliseconds=1)))

    def _token(self, token: TokenHash) -> str:
        return f"{self._redis.prefix}:token:{token}"

    def _contents(self, which: str, stamp: str) -> str:
        return f"{self._redis.prefix}:session:{which}:{stamp}"


async def everything(work: Iterable[Awaitable[T]]) -> list[T]:
    """Return what all of it returns, done side by side; nothing of it goes on after a failure."""
    done: list[T] = []
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done


async def _quietly(work: Iterable[Awaitable[object]]) -> None:
    """All of it is done, as far as Redis goes along: nothing depends on it."""
    try:
        await everything(work)
    except RedisDown:
        log.debug("redis.untidied")
