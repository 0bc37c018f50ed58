"""A store that is left alone while it fails: nobody waits for what is known not to come."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from sidecar.core.breaker import Breaker, Tripped
from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.core.model import Person
from sidecar.core.stores import APART, Store, Transaction

CROWD: Final = 256
"""Transactions of one kind that may be under way; who comes later would wait in vain. At a
hundredth of a second each they keep four connections busy for most of a second. Those about one
person count as one, for they wait for each other and not for a connection: nobody can fill the
queue for everybody else."""
THEIRS: Final = 100
"""Transactions about the same people that may be under way."""
CROWDED_S: Final = 2
RETRY_S: Final = 5
"""Told to clients: so long it may take, at the most, until the end of an outage is noticed."""
LONGEST_PAUSE_S: Final = 1.0
"""Together with the wait for a connection that leads nowhere still less than those seconds."""
FAILURES: Final = 2
"""One connection may end for reasons of its own; a second one in a row tells of the server."""

_TRIPPING: Final = frozenset({Unserved.UNREACHABLE, Unserved.OVERDUE})
"""What says something of the server, and not of one transaction."""

Opening = Callable[[], AbstractAsyncContextManager[Transaction]]

log = structlog.get_logger(__name__)


class GuardedStore:
    """Any store; once it failed, one transaction at a time finds out whether it is back."""

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self._breaker = Breaker(monotonic, after=FAILURES, longest_s=LONGEST_PAUSE_S)
        self._under_way: dict[str, Counter[Hashable]] = {
            kind: Counter() for kind in ("read", "write", "first")
        }
        self._why = Unserved.UNREACHABLE
        self._lost_at: float | None = None

    @property
    def down(self) -> bool:
        """Whether the last that was heard of the database is that it fails."""
        return self._breaker.tripped

    def first(self) -> Store:
        """Return the same store for what all memory rests on: no crowd keeps it waiting outside."""
        return _First(self._store, partial(self._guarded, "first", object()))

    def begin(self, *people: Person) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that writes, as the store does.

        Raises (when entered):
            StoreUnavailable: at once, while it fails or too many wait.

        """
        whose = people if people and APART not in people else object()
        return self._guarded("write", whose, lambda: self._store.begin(*people))

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that reads, as the store does.

        Raises (when entered):
            StoreUnavailable: at once, while it fails or too many wait.

        """
        return self._guarded("read", object(), self._store.read)

    def glance(self) -> AbstractAsyncContextManager[Transaction]:
        """Open what reads a single row or list, as the store does.

        Raises (when entered):
            StoreUnavailable: at once, while it fails or too many wait.

        """
        return self._guarded("read", object(), self._store.glance)

    async def ping(self) -> None:
        """The database answers.

        Raises:
            StoreUnavailable: it does not.

        """
        async with self.read() as tx:
            await tx.feed.last()

    @asynccontextmanager
    async def _guarded(
        self,
        kind: str,
        whose: Hashable,
        begin: Opening,
    ) -> AsyncIterator[Transaction]:
        queue = self._under_way[kind]
        self._enter(queue, whose)
        queue[whose] += 1
        beside: StoreUnavailable | None = None
        try:
            async with begin() as opened:
                try:
                    yield opened
                except StoreUnavailable as failed:
                    # The database's own failures have this name only once its transaction ended.
                    beside = failed
                    raise
        except StoreUnavailable as failed:
            if failed is beside:
                self._breaker.left()
            else:
                self._failed(failed)
            raise
        except BaseException:
            self._breaker.left()
            raise
        else:
            self._worked()
        finally:
            queue[whose] -= 1
            if not queue[whose]:
                del queue[whose]

    def _enter(self, queue: Counter[Hashable], whose: Hashable) -> None:
        theirs = queue[whose]
        if theirs >= THEIRS or (not theirs and len(queue) >= CROWD):
            message = f"{theirs or len(queue)} transactions wait already"
            raise StoreUnavailable(message, retry_after_s=CROWDED_S, why=Unserved.CROWDED)
        try:
            self._breaker.enter()
        except Tripped:
            message = "the database failed a moment ago"
            raise StoreUnavailable(message, retry_after_s=RETRY_S, why=self._why) from None

    def _failed(self, failure: StoreUnavailable) -> None:
        if failure.why not in _TRIPPING:
            self._breaker.left()
            return
        self._why = failure.why
        self._breaker.failed()
        if self._breaker.tripped and self._lost_at is None:
            self._lost_at = self._monotonic()
            log.error("store.lost", why=failure.why.value, cause=str(failure))

    def _worked(self) -> None:
        self._breaker.succeeded()
        if self._lost_at is not None:
            log.warning("store.back", after_s=round(self._monotonic() - self._lost_at, 1))
            self._lost_at = None


@dataclass(frozen=True, slots=True)
class _First:
    """What one process does a few times a second, and everybody else relies on."""

    _store: Store
    _guarded: Callable[[Opening], AbstractAsyncContextManager[Transaction]]

    def begin(self, *people: Person) -> AbstractAsyncContextManager[Transaction]:
        return self._guarded(lambda: self._store.begin(*people))

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        return self._guarded(self._store.read)

    def glance(self) -> AbstractAsyncContextManager[Transaction]:
        return self._guarded(self._store.glance)
