"""The bell by Redis: heard by every process, on every kind of server, and never waited for."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
import uvloop

from sidecar.settings.resting import RedisPart
from sidecar.storage.redis.bell import RedisBell
from tests import redis
from tests.faults.line import Tearing, line
from tests.redis import lent
from tests.tools.ports import free_ports

SOON_S = 5.0
"""Far more than it takes, and far less than the waits here."""
LONG_S = 50.0
WAIT_S = 1.0


@asynccontextmanager
async def hung(section: RedisPart) -> AsyncIterator[RedisBell]:
    """Lend the bell of one process."""
    async with lent(section) as connection:
        bell = RedisBell(section, connection)
        try:
            yield bell
        finally:
            await bell.close()


async def rings(here: RedisBell, there: RedisBell) -> bool:
    """Tell whether there is heard what rings here; a wait that found nobody ends by its time."""
    for _ in range(20):
        async with asyncio.TaskGroup() as tasks:
            before = time.monotonic()
            waiting = tasks.create_task(there.wait(WAIT_S))
            while not waiting.done():
                await here.ring()
                await asyncio.sleep(0.01)
        if time.monotonic() - before < WAIT_S:
            return True
    return False


@pytest.mark.parametrize("kind", ["redis_server", "redis_watched", "redis_cluster"])
async def test_whoever_waits_hears_it(request: pytest.FixtureRequest, kind: str) -> None:
    """A ring in one process shows the wait of another one, and its own, ended."""
    section = request.getfixturevalue(kind).part(timeout="5s")
    async with hung(section) as one, hung(section) as other:
        assert await rings(one, other)
        assert await rings(one, one)


async def test_a_ring_between_two_waits_is_heard(redis_server: redis.Redis) -> None:
    """What rang while nobody waited shows the next wait ended at once."""
    section = redis_server.part(timeout="5s")
    async with hung(section) as one, hung(section) as other:
        assert await rings(one, other)
        for _ in range(5):
            await one.ring()
        before = time.monotonic()
        await other.wait(LONG_S)
        assert time.monotonic() - before < SOON_S


async def test_bells_of_another_prefix_are_not_heard(redis_server: redis.Redis) -> None:
    """A wait shows nothing of what rings under another prefix."""
    async with hung(redis_server.part()) as one, hung(redis_server.part()) as other:
        await other.wait(0.02)
        await one.ring()
        before = time.monotonic()
        await other.wait(0.1)
        assert time.monotonic() - before >= 0.09


async def test_it_outlives_its_server() -> None:
    """While the server is gone both show that they take no longer than asked; then it rings."""
    with redis.serving() as server:
        section = server.part()
        async with hung(section) as one, hung(section) as other:
            assert await rings(one, other)
            with server.away():
                before = time.monotonic()
                await one.ring()
                await other.wait(0.1)
                await other.wait(0.1)
                assert 0.19 <= time.monotonic() - before < SOON_S
            assert await rings(one, other)


async def test_a_server_that_falls_silent_is_left(redis_server: redis.Redis) -> None:
    """A server that answers nothing shows waits of their length, and a new connection after it."""
    section = redis_server.part(timeout="100ms")
    async with hung(section) as one, hung(section) as other:
        assert await rings(one, other)
        with redis_server.silent():
            for _ in range(3):
                before = time.monotonic()
                await other.wait(0.1)
                assert time.monotonic() - before < SOON_S
        assert await rings(one, other)


async def test_it_goes_on_with_the_new_master() -> None:
    """After a failover the ring shows to be heard by who listened to the old master."""
    with redis.watched() as servers:
        section = servers.part()
        async with hung(section) as one, hung(section) as other:
            assert await rings(one, other)
            await asyncio.to_thread(servers.fail_over)
            assert await rings(one, other)


async def test_a_cluster_is_listened_to_where_somebody_lives(redis_cluster: redis.Cluster) -> None:
    """A dead node at the first address shows another one listened to."""
    with redis.serving() as gone:
        dead = f"127.0.0.1:{gone.port}"
    section = redis_cluster.part()
    section = section.model_copy(update={"address": (dead, *section.address)})
    async with hung(section) as one, hung(section) as other:
        assert await rings(one, other)


async def test_a_line_that_tears_fails_nobody(redis_server: redis.Redis) -> None:
    """Connections that are torn anywhere show, on the loop that serves, waits that do not fail."""
    (near,) = free_ports(1)

    async def wait_often(section: RedisPart) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(5):
                tasks.create_task(_wait_often(section))

    async with line(redis_server.port, near) as to:
        to.become(Tearing(Random(1), 0.35))  # noqa: S311 - repeatable
        await asyncio.to_thread(uvloop.run, wait_often(redis.part(near)))


async def _wait_often(section: RedisPart) -> None:
    for _ in range(15):
        async with hung(section) as bell:
            for _ in range(3):
                await bell.wait(0.03)
