"""All kinds of Redis, asked in one way."""

import asyncio

import pytest

from sidecar.core.errors import StoreUnavailable
from sidecar.storage.redis.scripts import TAKE
from tests import redis
from tests.redis import lent

HOUR = 3_600_000_000
"""In microseconds."""
KINDS = ("redis_server", "redis_watched", "redis_cluster")


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_answers(request: pytest.FixtureRequest, kind: str) -> None:
    """A ping shows that it answers, and a key what was kept in it."""
    async with lent(request.getfixturevalue(kind).part(timeout="5s")) as connection:
        await connection.ping()
        for number in range(20):
            key = f"{connection.prefix}:{number}"
            await connection.ask("SET", key, number)
            assert await connection.ask("GET", key) == str(number).encode()


async def test_a_forgotten_script_is_sent_again(redis_server: redis.Redis) -> None:
    """A server that lost its scripts shows the next run as any other."""
    async with lent(redis_server.part()) as connection:
        for event in ("one", "two"):
            redis_server.say("SCRIPT", "FLUSH")
            assert await connection.run(TAKE, f"{connection.prefix}:x", 1, HOUR, 2, event) == -1
        assert await connection.run(TAKE, f"{connection.prefix}:x", 1, HOUR, 2, "three") == HOUR


async def test_a_failover_is_survived() -> None:
    """With the master dead it shows as down, and works once the Sentinels chose another."""
    with redis.watched() as servers:
        async with lent(servers.part()) as connection:
            await connection.ask("SET", "a", "b")
            servers.master.kill()
            with pytest.raises(StoreUnavailable):
                await connection.ping()
            await asyncio.to_thread(servers.fail_over)
            await redis.works(connection)
            await connection.ask("SET", "a", "c")
