"""What every limiter counts: volume, exactly, in windows that slide."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import TooManyAttempts
from sidecar.core.volume import Bucket, Limiter
from sidecar.storage.limiter import MemoryLimiter
from sidecar.storage.redis.limiter import RedisLimiter
from tests.conformance.stores import RING, Travel
from tests.redis import lent

MAILS = Bucket("mails", 3, timedelta(minutes=1))


@pytest.fixture(params=["memory", "redis_server", "redis_watched", "redis_cluster"])
async def limiter(request: pytest.FixtureRequest, clock: Travel) -> AsyncIterator[Limiter]:
    """Each adapter of the limiter port in turn, empty, on each kind of Redis."""
    if request.param == "memory":
        yield MemoryLimiter(clock)
        return
    async with lent(request.getfixturevalue(request.param).part(timeout="5s")) as connection:
        yield RedisLimiter(connection, RING, clock)


async def refused(limiter: Limiter, bucket: Bucket, key: str) -> int | None:
    """Return the seconds to wait; None where the event was counted."""
    try:
        await limiter.take(bucket, key)
    except TooManyAttempts as full:
        return full.retry_after_s
    return None


async def test_a_full_bucket_refuses_until_the_oldest_leaves(
    limiter: Limiter, clock: Travel
) -> None:
    """Events at the limit show the wait to the second, and one free place after it."""
    for _ in range(3):
        assert await refused(limiter, MAILS, "ada") is None
        clock.forward(seconds=10)
    assert await refused(limiter, MAILS, "ada") == 30
    clock.forward(seconds=29.5)
    assert await refused(limiter, MAILS, "ada") == 1
    clock.forward(seconds=0.5)
    assert await refused(limiter, MAILS, "ada") is None
    assert await refused(limiter, MAILS, "ada") == 10


async def test_keys_and_buckets_are_apart(limiter: Limiter) -> None:
    """One key's full bucket shows no effect on another key or another bucket."""
    for _ in range(3):
        await limiter.take(MAILS, "ada")
    assert await refused(limiter, MAILS, "ada")
    assert await refused(limiter, MAILS, "bob") is None
    assert await refused(limiter, Bucket("texts", 3, MAILS.window), "ada") is None


async def test_many_at_once_are_counted_one_by_one(limiter: Limiter) -> None:
    """A hundred parallel events show exactly the limit let through."""
    answers = await asyncio.gather(*(refused(limiter, MAILS, "ada") for _ in range(100)))
    assert answers.count(None) == 3


async def test_a_limit_of_zero_lets_nothing_through(limiter: Limiter) -> None:
    """A closed bucket shows a refusal from the first event on."""
    assert await refused(limiter, Bucket("none", 0, MAILS.window), "ada") == 60


@given(waits=st.lists(st.integers(0, 70), max_size=60))
async def test_no_window_holds_more_than_the_limit(waits: list[int]) -> None:
    """Any rhythm shows at most the limit in every window, and no refusal below it."""
    clock = Travel()
    counted: list[datetime] = []
    limiter = MemoryLimiter(clock)
    for wait in waits:
        now = clock.forward(seconds=wait)
        inside = [at for at in counted if now - at < MAILS.window]
        answer = await refused(limiter, MAILS, "ada")
        assert (answer is None) == (len(inside) < MAILS.limit)
        counted += [now] if answer is None else []
