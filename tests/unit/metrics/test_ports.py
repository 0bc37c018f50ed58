"""The store and the limiter, measured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import pytest

from sidecar.core.errors import (
    LimiterUnavailable,
    NotFound,
    SidecarError,
    StoreUnavailable,
    Unserved,
)
from sidecar.core.model import Person
from sidecar.core.stores import Transaction
from sidecar.core.volume import Bucket
from sidecar.metrics.ports import MeasuredLimiter, MeasuredStore
from tests.unit.metrics.counted import alone, told

ADA = Person("app", "ada")
OPENED = cast("Transaction", object())
BUCKET = Bucket("anything", 1, timedelta(minutes=1))


class Store:
    """Opens the same transaction always, and fails at its end where told to."""

    fault: SidecarError | None = None

    @asynccontextmanager
    async def begin(self, *people: Person) -> AsyncIterator[Transaction]:
        assert people in {(), (ADA,)}
        yield OPENED
        if self.fault is not None:
            raise self.fault

    read = glance = begin


class Limiter:
    """Refuses as it is told to."""

    def __init__(self, fault: SidecarError | None) -> None:
        self.fault = fault

    async def take(self, bucket: Bucket, key: str) -> None:
        assert (bucket, key) == (BUCKET, "ada")
        if self.fault is not None:
            raise self.fault


async def test_transactions_are_timed() -> None:
    """A transaction of each kind shows as itself, with its time, and no failure."""
    metrics = alone()
    store = MeasuredStore(Store(), metrics)
    async with store.begin(ADA) as written, store.read() as read, store.glance() as seen:
        assert written is read is seen is OPENED
    for work, number in (("read", 2), ("write", 1)):
        assert told(metrics, "sidecar_store_seconds_count", work=work) == number
        for fault in Unserved:
            assert told(metrics, "sidecar_store_failures_total", work=work, fault=fault) == 0


@pytest.mark.parametrize(
    ("fault", "counted"),
    [(StoreUnavailable("x", why=Unserved.CROWDED), 1), (NotFound("x"), 0)],
)
async def test_only_failures_of_the_store_are_its_own(fault: SidecarError, counted: int) -> None:
    """What goes wrong shows to the caller as it is, and counts where the store is at fault."""
    metrics, broken = alone(), Store()
    broken.fault = fault
    with pytest.raises(type(fault)):
        async with MeasuredStore(broken, metrics).begin():
            pass
    named = {"work": "write", "fault": "crowded"}
    assert told(metrics, "sidecar_store_failures_total", **named) == counted
    assert told(metrics, "sidecar_store_seconds_count", work="write") == 1


@pytest.mark.parametrize(("fault", "counted"), [(None, 0), (LimiterUnavailable("x"), 1)])
async def test_what_cannot_be_counted_is_counted(fault: SidecarError | None, counted: int) -> None:
    """A limiter that fails shows one failure, and the caller hears of it."""
    metrics = alone()
    limiter = MeasuredLimiter(Limiter(fault), metrics)
    if fault is None:
        await limiter.take(BUCKET, "ada")
    else:
        with pytest.raises(LimiterUnavailable):
            await limiter.take(BUCKET, "ada")
    assert told(metrics, "sidecar_limiter_failures_total") == counted
