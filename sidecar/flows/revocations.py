"""The feed of revocations: read once a second, told to every memory of this process."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from sidecar.core.errors import StoreUnavailable
from sidecar.core.feed import Bell
from sidecar.core.model import Person, SessionId
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store

READ_EVERY_S = 0.9
"""A little less than the second within which a revocation must hold everywhere."""
TRUSTED_FOR = timedelta(seconds=3)
"""After so long without a reading nothing that is kept in memory may be used."""

Listener = Callable[[Person | None, SessionId | None], None]
"""Forget what is kept of a session, of a person, or (both None) of everybody."""

log = structlog.get_logger(__name__)


class Revocations:
    """Follows the feed, and passes on at once what this process revokes itself."""

    def __init__(self, store: Store, bell: Bell, clock: Clock) -> None:
        self._store = store
        self._bell = bell
        self._clock = clock
        self._listeners: list[Listener] = []
        self._sequence: int | None = None
        self.read_at: datetime | None = None
        """When the feed was last read; None before the first time."""
        self.generation = 0
        """Grows with every revocation; what was read before is not kept after."""

    def listen(self, listener: Listener) -> None:
        """The listener hears of every revocation from now on."""
        self._listeners.append(listener)

    def current(self, now: datetime) -> bool:
        """Tell whether the feed was read lately enough for memory to be trusted."""
        return self.read_at is not None and now - self.read_at <= TRUSTED_FOR

    def tell(self, person: Person | None, session: SessionId | None) -> None:
        """Every memory of this process has forgotten the session, the person, or everything."""
        self.generation += 1
        for listener in self._listeners:
            listener(person, session)

    async def read(self) -> None:
        """Everything revoked anywhere up to now is forgotten here.

        Raises:
            StoreUnavailable: the feed cannot be read.

        """
        now = self._clock()
        async with self._store.read() as tx:
            last = await tx.feed.last()
            if self._sequence is None or last < self._sequence:
                # The first time; or a replica took over that lacks what was read, whose numbers
                # will be given once more.
                self._sequence = last
                self.tell(None, None)
            rows = await tx.feed.since(self._sequence)
        for row in rows:
            self.tell(row.person, row.session)
            self._sequence = row.sequence
        self.read_at = now

    async def follow(self) -> None:
        """Read once a second until cancelled; an outage empties the memory by its age."""
        while True:
            try:
                await self.read()
            except StoreUnavailable:
                log.warning("revocations.unreadable")
            await self._bell.wait(READ_EVERY_S)
