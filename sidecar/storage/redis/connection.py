"""Redis as one process asks it, whatever kind it is."""

import time
from collections.abc import Callable

from redis.exceptions import NoScriptError

from sidecar.settings.resting import RedisPart
from sidecar.storage.redis.clients import client
from sidecar.storage.redis.cluster import Cluster
from sidecar.storage.redis.line import Line, Word
from sidecar.storage.redis.scripts import Script


class RedisConnection:
    """All that one process asks of Redis; nothing is connected before the first question."""

    def __init__(self, part: RedisPart, monotonic: Callable[[], float] = time.monotonic) -> None:
        seconds = part.timeout.total_seconds()

        def dial(address: str) -> Line:
            return Line(client(part, address), seconds, monotonic)

        self._asked: Line | Cluster = (
            Cluster(part.address, dial) if part.kind == "cluster" else dial(part.address[0])
        )
        self.prefix = part.prefix
        """Begins the name of everything that is ours."""

    async def ask(self, *words: Word) -> object:
        """Return the answer to one command, whose first word but one is its key.

        Raises:
            RedisDown: there is none.

        """
        return await self._asked.ask(*words)

    async def run(self, script: Script, key: str, *arguments: Word) -> object:
        """Return what the script does with the key, at once and whole.

        Raises:
            RedisDown: it cannot be run.

        """
        try:
            return await self.ask("EVALSHA", script.sha, 1, key, *arguments)
        except NoScriptError:
            return await self.ask("EVAL", script.text, 1, key, *arguments)

    async def ping(self) -> None:
        """Redis answers: of a cluster every node that has something.

        Raises:
            RedisDown: it does not.

        """
        if isinstance(self._asked, Cluster):
            await self._asked.ping()
        else:
            await self._asked.ask("PING")

    async def close(self) -> None:
        """Every connection is closed."""
        await self._asked.close()
