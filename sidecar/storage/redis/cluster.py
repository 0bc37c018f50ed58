"""A cluster: which node has what, and a line to each.

redis-py's own client of clusters closes the connections of everybody when one fails or a key
moved; here a node that is down costs only what is kept on it.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Any, Final

from redis.crc import key_slot
from redis.exceptions import AskError, MovedError

from sidecar.storage.redis.line import LeftAlone, Line, RedisDown, Word

_TRIES: Final = 3
"""A key that moved, and moves on while it is looked for."""

_KEYLESS: Final = frozenset({"PUBLISH"})
_SCRIPTS: Final = frozenset({"EVAL", "EVALSHA"})


class Cluster:
    """Asks the node that has the key; what anybody learns of who has what is known to all."""

    def __init__(self, addresses: tuple[str, ...], dial: Callable[[str], Line]) -> None:
        self._addresses = addresses
        self._dial = dial
        self._lines: dict[str, Line] = {}
        self._firsts: list[int] = []
        """The first slot of each range, ascending."""
        self._owners: list[str] = []
        """Who has the range of the same position."""
        self._learning = asyncio.Lock()
        self._learned = 0
        """How often the map was drawn; 0 asks for it."""
        self._stale = True

    async def ask(self, *words: Word) -> object:
        """Return the answer of the node that has the key of the command.

        Raises:
            RedisDown: it does not answer, or nobody has it.
            NoScriptError: it does not know the script.

        """
        for _ in range(_TRIES):
            learned = await self._learn()
            try:
                return await self._told(*words)
            except AskError:  # whose kind MovedError is
                self._doubt(learned)
            except LeftAlone:
                raise  # whoever found it down has asked who has its keys now
            except RedisDown:
                self._doubt(learned)
                raise
        raise RedisDown("Redis moves what is asked for")

    async def _told(self, *words: Word) -> object:
        """Return the answer of who has the key, or is about to have it.

        Raises:
            AskError, MovedError: neither has it.

        """
        try:
            return await self._line(self._owner(words)).ask(*words)
        except MovedError:
            raise
        except AskError as ask:
            return await self._line(f"{ask.host}:{ask.port}").ask(*words, asking=True)

    async def ping(self) -> None:
        """Every node that has something answers.

        Raises:
            RedisDown: one does not.

        """
        learned = await self._learn()
        try:
            for owner in sorted(set(self._owners)):
                await self._line(owner).ask("PING")
        except RedisDown:
            self._doubt(learned)
            raise

    async def close(self) -> None:
        """Every connection is closed."""
        for line in self._lines.values():
            await line.close()

    def _line(self, address: str) -> Line:
        if address not in self._lines:
            self._lines[address] = self._dial(address)
        return self._lines[address]

    def _owner(self, words: tuple[Word, ...]) -> str:
        if words[0] in _KEYLESS:
            return self._owners[0]
        slot = key_slot(str(words[3 if words[0] in _SCRIPTS else 1]).encode())
        return self._owners[max(0, bisect_right(self._firsts, slot) - 1)]

    def _doubt(self, learned: int) -> None:
        """The map that was drawn then is drawn anew, once for all who found it wrong."""
        if learned == self._learned:
            self._stale = True

    async def _learn(self) -> int:
        """Return which map it is; a new one where the last was found wrong.

        Raises:
            RedisDown: nobody knows who has what.

        """
        if not self._stale:
            return self._learned
        async with self._learning:
            if self._stale:
                await self._draw()
        return self._learned

    async def _draw(self) -> None:
        failed = RedisDown("no node of the cluster answers")
        for address in dict.fromkeys((*self._owners, *self._addresses)):
            try:
                told = await self._line(address).ask("CLUSTER", "SLOTS")
            except RedisDown as down:
                failed = down
                continue
            if isinstance(told, list) and told:
                self._take(address, told)
                return
        raise failed

    def _take(self, said_by: str, told: Iterable[Any]) -> None:
        """Whoever says nothing of its own host is reached where it said so."""
        host = said_by.rpartition(":")[0]
        ranges = sorted(
            (first, f"{master[0].decode() or host if master[0] else host}:{master[1]}")
            for first, _last, master, *_replicas in told
        )
        self._firsts = [first for first, _ in ranges]
        self._owners = [owner for _, owner in ranges]
        self._learned += 1
        self._stale = False
