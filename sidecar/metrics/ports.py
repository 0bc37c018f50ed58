"""The store and the limiter, with the time they take and what fails counted."""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sidecar.core.errors import LimiterUnavailable, StoreUnavailable, Unserved
from sidecar.core.model import Person
from sidecar.core.stores import Store, Transaction
from sidecar.core.volume import Bucket, Limiter
from sidecar.metrics import families
from sidecar.metrics.words import Work, word
from sidecar.metrics.worker import Metrics


class MeasuredStore:
    """Any store; every transaction on it is timed."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._times = [metrics.times(families.STORE_TIMES, word(work)) for work in Work]
        self._failures = {
            work: dict(
                zip(Unserved, metrics.counts(families.STORE_FAILURES, word(work)), strict=True)
            )
            for work in Work
        }

    def begin(self, *people: Person) -> AbstractAsyncContextManager[Transaction]:
        return self._measured(self._store.begin(*people), Work.WRITE)

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        return self._measured(self._store.read(), Work.READ)

    def glance(self) -> AbstractAsyncContextManager[Transaction]:
        return self._measured(self._store.glance(), Work.READ)

    @asynccontextmanager
    async def _measured(
        self, transaction: AbstractAsyncContextManager[Transaction], work: Work
    ) -> AsyncIterator[Transaction]:
        begun = time.monotonic()
        try:
            async with transaction as opened:
                yield opened
        except StoreUnavailable as failed:
            self._failures[work][failed.why].count()
            raise
        finally:
            self._times[work].observe(time.monotonic() - begun)


class MeasuredLimiter:
    """Any limiter; what it cannot count is counted."""

    def __init__(self, limiter: Limiter, metrics: Metrics) -> None:
        self._limiter = limiter
        (self._failures,) = metrics.counts(families.LIMITER_FAILURES)

    async def take(self, bucket: Bucket, key: str) -> None:
        try:
            await self._limiter.take(bucket, key)
        except LimiterUnavailable:
            self._failures.count()
            raise
