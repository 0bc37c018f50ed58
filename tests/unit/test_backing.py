"""What a sidecar rests on: with Redis, without it, and while it is down."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from sidecar.backing import Backing, backing
from sidecar.core.errors import LimiterUnavailable, SidecarError, TooManyAttempts
from sidecar.core.volume import Bucket
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests import redis
from tests.clock import ManualClock
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, settings_for

ONCE = Bucket("once", 1, timedelta(minutes=1))


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


async def configured(folder: Path, server: redis.Redis | None) -> Loaded:
    """Return the configuration, with its store made."""
    address = {"redis": {"address": f"127.0.0.1:{server.port}"}} if server else {}
    file = folder / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, address)))
    loaded = load_settings(file, {"TEST_KEY": KEY}, ManualClock()())
    await migrate_up(loaded.settings.storage.database, key_ring(loaded), ManualClock(), create=True)
    return loaded


async def works(lent: Backing) -> dict[str, bool]:
    """Return of each part whether it works."""
    found = {}
    for name, check in lent.checks.items():
        try:
            await check()
        except SidecarError:
            found[name] = False
        else:
            found[name] = True
    return found


async def test_replicas_share_what_redis_keeps(folder: Path) -> None:
    """Two sidecars on one Redis show one limit, and that a revocation wakes the other."""
    with redis.serving() as server:
        loaded = await configured(folder, server)
        words = (loaded, key_ring(loaded), ManualClock())
        async with backing(*words) as one, backing(*words) as other:
            assert await works(one) == {"store": True, "redis": True}
            await one.limiter.take(ONCE, "ada")
            with pytest.raises(TooManyAttempts):
                await other.limiter.take(ONCE, "ada")
            assert await wakes(one, other)


async def wakes(one: Backing, other: Backing) -> bool:
    """Tell whether what one revokes wakes the other; a wait that came too late ends by its time."""
    for _ in range(20):
        before = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(other.bell.wait(1))
            while not waiting.done():
                async with one.store.begin() as tx:
                    await tx.feed.append("everybody", None, None, ManualClock()())
                await asyncio.sleep(0.01)
        if time.monotonic() - before < 1:
            return True
    return False


async def test_each_has_its_own_without_redis(folder: Path) -> None:
    """Two sidecars without a Redis show two limits, and no check of one."""
    loaded = await configured(folder, None)
    words = (loaded, key_ring(loaded), ManualClock())
    async with backing(*words) as one, backing(*words) as other:
        assert await works(one) == {"store": True}
        await one.limiter.take(ONCE, "ada")
        await other.limiter.take(ONCE, "ada")


async def test_redis_that_is_down_keeps_nothing_from_starting(folder: Path) -> None:
    """A start without Redis shows what needs it failing, and working once it is there."""
    with redis.serving() as server:
        loaded = await configured(folder, server)
        server.kill()
        async with backing(loaded, key_ring(loaded), ManualClock()) as lent:
            assert await works(lent) == {"store": True, "redis": False}
            with pytest.raises(LimiterUnavailable):
                await lent.limiter.take(ONCE, "ada")
            server.start()
            while not (await works(lent))["redis"]:
                await lent.bell.wait(0.05)
            await lent.limiter.take(ONCE, "ada")
