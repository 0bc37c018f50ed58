"""This process among the replicas: all others know up to where it has read the feed."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sidecar.core.errors import StoreUnavailable
from sidecar.core.protocols import Clock
from sidecar.core.replicas import GONE_AFTER, REMOVED_AFTER, TRUSTED_FOR, Replica
from sidecar.core.stores import APART, Store

SLOWEST: Final = GONE_AFTER - TRUSTED_FOR
"""A beat that took longer may have been judged before others stopped waiting for this process."""
TRIES: Final = 3


class Beats:
    """Keeps this process's row.

    Whoever tells the replicas something waits for those that live. So nothing may be kept in
    memory by a process for which nobody waited: one that is new, or was silent for too long. Such a
    one first makes itself known, and only what it reads after that counts.
    """

    def __init__(self, store: Store, clock: Clock, me: Replica) -> None:
        self._store = store
        self._clock = clock
        self.me = me
        self._cleared_at: datetime | None = None

    async def announce(self) -> None:
        """Others wait for this process from now on.

        Raises:
            StoreUnavailable: nobody can be told.

        """
        await self.beat(0)

    async def beat(self, sequence: int) -> bool:
        """Everybody knows that the feed was read so far; return whether that was waited for.

        Raises:
            StoreUnavailable: nobody can be told.

        """
        began = self._clock()
        async with self._store.begin(APART) as tx:
            lasted = await tx.replicas.beat(replace(self.me, sequence=sequence))
            if self._cleared_at is None or began - self._cleared_at >= REMOVED_AFTER:
                await tx.replicas.clear()
                self._cleared_at = began
        return lasted and self._clock() - began <= SLOWEST

    async def leave(self) -> None:
        """Nobody waits for this process any more, at once or within seconds."""
        try:
            async with self._store.begin(APART) as tx:
                await tx.replicas.leave(self.me.id)
        except StoreUnavailable:
            return
