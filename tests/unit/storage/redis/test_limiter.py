"""Limits in Redis, beside what every limiter does."""

from datetime import timedelta

import pytest

from sidecar.core.errors import LimiterUnavailable, TooManyAttempts
from sidecar.core.volume import Bucket
from sidecar.storage.redis.limiter import RedisLimiter
from tests import redis
from tests.conformance.stores import RING, Travel
from tests.redis import lent

MAILS = Bucket("mails", 1, timedelta(minutes=1))


async def test_replicas_count_together(redis_server: redis.Redis) -> None:
    """What one replica counted shows the bucket full for another."""
    section = redis_server.part()
    async with lent(section) as one, lent(section) as other:
        await RedisLimiter(one, RING, Travel()).take(MAILS, "ada")
        with pytest.raises(TooManyAttempts):
            await RedisLimiter(other, RING, Travel()).take(MAILS, "ada")


async def test_nobody_is_named_and_nothing_stays(redis_server: redis.Redis) -> None:
    """The keys show nothing of whom they count, and that they go with their window."""
    section = redis_server.part()
    async with lent(section) as connection:
        await RedisLimiter(connection, RING, Travel()).take(MAILS, "ada@example.com")
        keys = await connection.ask("KEYS", f"{section.prefix}:*")
        assert isinstance(keys, list)
        (key,) = keys
        assert b"ada" not in key
        assert b"mails" not in key
        left = await connection.ask("PTTL", key.decode())
        assert isinstance(left, int)
        assert 0 < left <= 60_000


async def test_without_redis_nothing_is_counted_and_nothing_begun() -> None:
    """A Redis that is gone shows the limiter unavailable; one that comes back empty counts anew."""
    with redis.serving() as server:
        async with lent(server.part()) as connection:
            limiter = RedisLimiter(connection, RING, Travel())
            await limiter.take(MAILS, "ada")
            with server.away():
                for _ in range(2):
                    with pytest.raises(LimiterUnavailable) as told:
                        await limiter.take(MAILS, "ada")
                    assert told.value.retry_after_s == 1
            await redis.works(connection)
            await limiter.take(MAILS, "ada")


async def test_what_counts_otherwise_is_no_count(redis_server: redis.Redis) -> None:
    """A key that somebody else filled shows the limiter unavailable, not the event let through."""
    section = redis_server.part()
    async with lent(section) as connection:
        limiter = RedisLimiter(connection, RING, Travel())
        await limiter.take(MAILS, "ada")
        keys = await connection.ask("KEYS", f"{section.prefix}:*")
        assert isinstance(keys, list)
        await connection.ask("SET", keys[0].decode(), "no list of events")
        with pytest.raises(LimiterUnavailable):
            await limiter.take(MAILS, "ada")
