"""Credentials that may soon mean somebody else: every replica is told before they do."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from sidecar.core.errors import StoreUnavailable
from sidecar.core.handovers import RENEWED_EVERY, Handover, spell
from sidecar.core.protocols import Clock
from sidecar.core.stores import APART, Store
from sidecar.flows.kit import new_id

GATHERED_S: Final = 0.01
"""What begins in so long is told together: many sign-ins at once are few rows."""
LOOKED_EVERY_S: Final = (0.01, 0.1)
"""How soon it is looked whether everybody has read it: twice as late each time, up to the last."""
PATIENCE_S: Final = 8.0
"""Twice what it takes until nobody waits for a replica that is gone."""
RETRIED_EVERY_S: Final = 1.0
MOST_KEPT: Final = 10_000
"""Ends that could not be told yet; the oldest are left to time, which ends them too."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Begun:
    """A handover under way, and when it was told last."""

    handover: Handover
    told_at: datetime


@dataclass(slots=True)
class _Waiting:
    """Whoever goes on once all have read up to the number."""

    told: "asyncio.Future[None]"
    handover: Handover
    sequence: int = 0
    until_s: float = 0.0


@dataclass(slots=True)
class _News:
    """What is to be told next."""

    begun: list[_Waiting] = field(default_factory=list)
    over: dict[str, Handover] = field(default_factory=dict)


class Handovers:
    """Tells the other replicas, so that no answer from before outlives it anywhere."""

    def __init__(self, store: Store, clock: Clock, *, by: str, replica: str) -> None:
        self._store = store
        self._clock = clock
        self._by = by
        """Whose processes know already: they look at the same board."""
        self._replica = replica
        self._news = _News()
        self._waiting: list[_Waiting] = []
        self._under_way: dict[str, _Begun] = {}
        self._stirred = asyncio.Event()

    # -- what requests do ----------------------------------------------------------------------

    async def begin(self, marks: frozenset[bytes]) -> Callable[[], None]:
        """Every replica keeps nothing about the credentials until the returned function is called.

        Raises:
            StoreUnavailable: it cannot be told, or one that lives does not hear it.

        """
        told = asyncio.get_running_loop().create_future()
        handover = Handover(new_id(), marks)
        self._news.begun.append(_Waiting(told, handover))
        self._stirred.set()
        try:
            await told
        except BaseException:
            self._end(handover)
            raise
        return partial(self._end, handover)

    def happened(self, marks: frozenset[bytes]) -> None:
        """Every replica soon forgets what the credentials meant; nobody waits for that."""
        self._end(Handover(new_id(), marks))

    def _end(self, handover: Handover) -> None:
        self._under_way.pop(handover.id, None)
        over = self._news.over
        over[handover.id] = replace(handover, over=True)
        if len(over) > MOST_KEPT:
            del over[next(iter(over))]
        self._stirred.set()

    # -- what tells ----------------------------------------------------------------------------

    async def work(self) -> None:
        """Tell, and see who has heard, until cancelled."""
        look_s, latest_s = LOOKED_EVERY_S
        try:
            while True:
                if await self._stirring(look_s if self._waiting else RETRIED_EVERY_S):
                    self._stirred.clear()
                    look_s = LOOKED_EVERY_S[0]
                    await asyncio.sleep(GATHERED_S)
                else:
                    look_s = min(2 * look_s, latest_s)
                await self._tell()
                await self._look()
        finally:
            await self._tell()  # what ended with this process need not be held by others

    async def _stirring(self, within_s: float) -> bool:
        """Return whether there is news, as soon as there is, or after so long."""
        try:
            async with asyncio.timeout(within_s):
                return await self._stirred.wait()
        except TimeoutError:
            return False

    async def _tell(self) -> None:
        now, news = self._clock(), self._news
        late = [one for one in self._under_way.values() if now - one.told_at >= RENEWED_EVERY]
        begun = [one for one in news.begun if not one.told.done()]
        said = [*(one.handover for one in begun), *(one.handover for one in late)]
        said += news.over.values()
        self._news = _News()
        if not said:
            return
        try:
            async with self._store.begin(APART) as tx:
                number = await tx.feed.tell(spell(self._by, said), now)
        except StoreUnavailable as error:
            self._news.over = {**news.over, **self._news.over}
            _fail(begun, error)
            return
        for renewed in late:
            renewed.told_at = now
        until_s = asyncio.get_running_loop().time() + PATIENCE_S
        for one in begun:
            if not one.told.done():  # whoever gave up meanwhile has said so already
                one.sequence, one.until_s = number, until_s
                self._under_way[one.handover.id] = _Begun(one.handover, now)
                self._waiting.append(one)

    async def _look(self) -> None:
        """Whoever waited until all have read what was told goes on."""
        self._waiting = [one for one in self._waiting if not one.told.done()]
        if not self._waiting:
            return
        try:
            async with self._store.read() as tx:
                read = await tx.replicas.read_by_all(but=self._replica)
        except StoreUnavailable as error:
            _fail(self._waiting, error)
            return
        now_s = asyncio.get_running_loop().time()
        for one in self._waiting:
            if one.told.done():
                continue
            if read is None or read >= one.sequence:
                one.told.set_result(None)
            elif now_s > one.until_s:
                log.error("handover.unheard", sequence=one.sequence, read=read)
                one.told.set_exception(StoreUnavailable("a replica does not read the feed"))


def _fail(waiting: list[_Waiting], error: StoreUnavailable) -> None:
    for one in waiting:
        if not one.told.done():
            again = StoreUnavailable(str(error), retry_after_s=error.retry_after_s or 1)
            one.told.set_exception(again)
