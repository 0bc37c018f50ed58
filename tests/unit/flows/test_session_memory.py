"""What a process remembers of sessions, and when it must not rely on that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sidecar.core.errors import StoreUnavailable
from sidecar.core.stores import Transaction
from sidecar.flows.sessions import KEPT_FOR
from sidecar.storage.sql import SqlStore
from tests.unit.flows.scene import ADA, Scene, scene


@asynccontextmanager
async def unreadable(store: SqlStore) -> AsyncIterator[None]:
    """Nothing may be read from the store inside the block: what is answered is from memory."""

    @asynccontextmanager
    async def read() -> AsyncIterator[Transaction]:
        raise AssertionError("the store was asked")
        yield  # a generator, as the real one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "read", read)
        patch.setattr(store, "glance", read)
        yield


async def alive(here: Scene, token: str) -> bool:
    return await here.flows.sessions.recall(token) is not None


async def test_memory_answers_while_the_feed_is_read(here: Scene) -> None:
    """A second recall shows no question to the store; after 3 s without the feed it shows one."""
    _, token = await here.enter()
    await here.flows.sessions.recall(token)
    async with unreadable(here.store):
        here.clock.travel(seconds=3)
        assert await alive(here, token)
        here.clock.travel(seconds=1)
        with pytest.raises(AssertionError, match="asked"):
            await alive(here, token)
    await here.flows.revocations.read()
    async with unreadable(here.store):
        assert await alive(here, token)


async def test_memory_is_bounded_in_time(here: Scene) -> None:
    """What was kept shows a question to the store after its time, and is swept away."""
    _, token = await here.enter()
    await here.flows.sessions.recall(token)
    here.clock.now += KEPT_FOR
    await here.flows.revocations.read()
    async with unreadable(here.store):
        with pytest.raises(AssertionError, match="asked"):
            await alive(here, token)
    here.flows.sessions.sweep()
    assert await alive(here, token)


async def test_what_is_revoked_while_it_is_read_is_not_kept(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that ends between being read and being kept shows that it is not kept."""
    visit, token = await here.enter()
    real = here.store.glance

    @asynccontextmanager
    async def slow() -> AsyncIterator[Transaction]:
        async with real() as tx:
            yield tx
        monkeypatch.undo()
        await here.flows.sessions.end(visit, visit.require_session().id)

    monkeypatch.setattr(here.store, "glance", slow)
    assert await here.flows.sessions.recall(token)  # it was alive when it was read
    assert not await alive(here, token)


async def test_an_unreadable_feed_forgets_all_of_the_person(here: Scene) -> None:
    """Catching up while the store is down shows nothing of the person answered from memory."""
    _, token = await here.enter()
    await here.flows.sessions.recall(token)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(here.flows.revocations, "read", _down)
        await here.flows.sessions.catch_up(ADA)
    async with unreadable(here.store):
        with pytest.raises(AssertionError, match="asked"):
            await alive(here, token)


async def _down() -> None:
    raise StoreUnavailable("gone")


async def test_the_grace_is_no_longer_in_another_process(folder: Path) -> None:
    """An old token kept by another process at the last moment shows it gone after its grace."""
    async with scene(folder) as here, scene(folder, here.clock) as there:
        _, phone = await here.enroll()
        visit, old = await here.enter()
        here.clock.travel(seconds=30)
        await there.flows.revocations.read()
        assert await alive(there, old)
        await here.prove(visit, phone, wait_s=0)
        here.clock.travel(seconds=30)
        await there.flows.revocations.read()
        assert not await alive(there, old)


async def test_activity_in_another_process_keeps_it_alive_here(folder: Path) -> None:
    """A session that is idle in memory and active elsewhere shows that the store is asked."""
    async with scene(folder) as here, scene(folder, here.clock) as there:
        visit, token = await here.enter()
        here.clock.travel(minutes=59, seconds=50)
        await here.flows.revocations.read()
        assert await alive(here, token)
        await there.flows.sessions.touch(visit.require_session())
        here.clock.travel(seconds=11)
        await here.flows.revocations.read()
        assert await alive(here, token)
