"""The feed of revocations: read once a second, told to every memory of this process."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from sidecar.core.errors import StoreUnavailable
from sidecar.core.feed import HANDOVERS, Bell, Revocation
from sidecar.core.handovers import HELD_FOR
from sidecar.core.model import Person, SessionId
from sidecar.core.outage import LASTS
from sidecar.core.protocols import Clock
from sidecar.core.replicas import TRUSTED_FOR
from sidecar.core.stores import Store
from sidecar.flows.beats import TRIES, Beats
from sidecar.flows.offset import ClockOffset

READ_EVERY_S = 0.9
"""A little less than the second within which a revocation must hold everywhere."""
STILL_OPEN: Final = HELD_FOR + timedelta(seconds=5)
"""What was told longer ago is over, whatever the clock of the process that told it."""

Listener = Callable[[Person | None, SessionId | None], None]
"""Forget what is kept of a session, of a person, or (both None) of everybody."""
Hearer = Callable[[str], None]
"""Hear which credentials may change hands: the marks of one row."""

log = structlog.get_logger(__name__)


class Revocations:
    """Follows the feed, and passes on at once what this process revokes itself."""

    def __init__(
        self,
        store: Store,
        bell: Bell,
        clock: Clock,
        *,
        wall: Clock | None = None,
    ) -> None:
        self.store = store
        """Where memory's right to be trusted is read, and told."""
        self._bell = bell
        self._clock = clock
        self._beats: Beats | None = None
        self.offset = ClockOffset(wall or clock)
        self._listeners: list[Listener] = []
        self._hearers: list[Hearer] = []
        self._sequence: int | None = None
        self.read_at: datetime | None = None
        """When the feed was last read; None before the first time."""
        self._heard_at: datetime | None = None
        """The same, whether or not the others were told that it was."""
        self.generation = 0
        """Grows with every revocation; what was read before is not kept after."""

    def listen(self, listener: Listener) -> None:
        """The listener hears of every revocation from now on."""
        self._listeners.append(listener)

    def join(self, beats: Beats) -> None:
        """This process is one of many: nothing is trusted that the others do not wait for."""
        self._beats = beats

    def hear(self, hearer: Hearer) -> None:
        """The hearer is told of every row of `handovers` from now on."""
        self._hearers.append(hearer)

    def current(self, now: datetime) -> bool:
        """Tell whether the feed was read lately enough for memory to be trusted."""
        # A clock that was set back must not make it lately for as long as it went back.
        return self.read_at is not None and abs(now - self.read_at) <= TRUSTED_FOR

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
        if self._beats is None:
            self.read_at = await self._catch_up()
            return
        if self._sequence is None:
            await self._beats.announce()
        for _ in range(TRIES):
            read_at = await self._catch_up()
            if await self._beats.beat(self._sequence or 0):
                self.read_at = read_at
                return
        raise StoreUnavailable("the database is too slow for memory to be trusted")

    async def _catch_up(self) -> datetime:
        """Return the moment up to which everything revoked anywhere is forgotten here."""
        now, known = self._clock(), self._sequence
        told: tuple[Revocation, ...] = ()
        async with self.store.read() as tx:
            last = await tx.feed.last()
            asked_at = self.offset.wall()
            self.offset.learn(asked_at, await tx.feed.time())
            if known is None or last < known:
                # The first time; or a replica took over that lacks what was read, whose numbers
                # will be given once more.
                if known is not None:
                    log.warning("revocations.shorter", read=known, found=last)
                self._sequence = known = last
                self.tell(None, None)
                told = await tx.feed.told(now - STILL_OPEN)
            rows = await tx.feed.since(known)
        # Somebody else may have read on meanwhile: what began must not begin again after its end.
        read = self._sequence or 0
        for row in (*told, *(row for row in rows if row.sequence > read)):
            self._pass_on(row)
        self._heard_at = now
        return now

    def _pass_on(self, row: Revocation) -> None:
        if row.kind == HANDOVERS:
            for hearer in self._hearers:
                hearer(row.marks)
        else:
            self.tell(row.person, row.session)
        self._sequence = max(self._sequence or 0, row.sequence)

    def _end_what_runs(self) -> None:
        """Nothing runs on for longer than anything may be allowed without hearing of its end.

        Others may reach the database meanwhile, and revoke there what runs here.
        """
        if self._heard_at is not None and self._clock() - self._heard_at > LASTS:
            self.tell(None, None)

    async def follow(self) -> None:
        """Read once a second until cancelled; an outage empties the memory by its age."""
        readable = True
        while True:
            try:
                await self.read()
            except StoreUnavailable as unavailable:
                # Said once: an outage of an hour is no news a second later.
                if readable:
                    log.warning("revocations.unreadable", why=unavailable.why.value)
                readable = False
                self._end_what_runs()
            else:
                readable = True
            await self._bell.wait(READ_EVERY_S)
