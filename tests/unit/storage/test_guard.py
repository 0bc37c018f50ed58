"""A store that fails is left alone, and found again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import NotFound, StoreUnavailable, Unserved
from sidecar.core.model import Person
from sidecar.core.stores import Store, Transaction
from sidecar.storage.guard import CROWD, LONGEST_PAUSE_S, RETRY_S, THEIRS, GuardedStore
from sidecar.storage.redis.line import RedisDown
from tests.conformance.stores import ADA


class Seconds:
    """A monotonic clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Faulty:
    """Fails as it is told to, and counts who asked."""

    def __init__(self) -> None:
        self.fault: Unserved | None = None
        self.asked = 0

    @asynccontextmanager
    async def begin(self, *people: Person) -> AsyncIterator[Transaction]:
        assert people in {(), (ADA,)}
        self.asked += 1
        if self.fault is not None:
            raise StoreUnavailable("gone", why=self.fault)
        yield cast("Transaction", self)

    read = glance = begin

    @property
    def feed(self) -> Any:  # noqa: ANN401 - of a feed only its end is asked
        return self

    async def last(self) -> int:
        return 7


def guarded() -> tuple[GuardedStore, Faulty, Seconds]:
    faulty, seconds = Faulty(), Seconds()
    return GuardedStore(cast("Store", faulty), seconds), faulty, seconds


async def refused(store: GuardedStore, *, reading: bool = True) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as caught:
        async with store.read() if reading else store.begin(ADA):
            pass
    return caught.value


@pytest.mark.parametrize("why", [Unserved.UNREACHABLE, Unserved.OVERDUE])
async def test_what_is_known_to_fail_is_not_asked(why: Unserved) -> None:
    """Two failures in a row show everybody after them refused at once, under the same name, and
    one let through after each pause; what works again shows everybody served.
    """
    store, faulty, seconds = guarded()
    faulty.fault = why
    for reading in (True, False):
        await refused(store, reading=reading)
    assert store.down
    for _ in range(100):
        found = await refused(store)
        assert (found.why, found.retry_after_s) == (why, RETRY_S)
    assert faulty.asked == 2
    seconds.now += LONGEST_PAUSE_S
    await refused(store)
    await refused(store)
    assert faulty.asked == 3
    faulty.fault = None
    seconds.now += LONGEST_PAUSE_S
    await store.ping()
    assert not store.down
    async with store.begin(ADA):
        await store.ping()


@pytest.mark.parametrize(
    "why", [Unserved.CROWDED, Unserved.READ_ONLY, Unserved.BROKEN, Unserved.BESIDE]
)
async def test_what_says_nothing_of_the_server_stops_nobody(why: Unserved) -> None:
    """Locks, refused changes and faults of ours show each told, and the next one tried."""
    store, faulty, _ = guarded()
    faulty.fault = why
    for _ in range(5):
        assert (await refused(store)).why is why
    assert (faulty.asked, store.down) == (5, False)


async def test_whoever_finds_out_may_fail_for_reasons_of_its_own() -> None:
    """A task that fails by itself after the pause shows the next one let through at once."""
    store, faulty, seconds = guarded()
    faulty.fault = Unserved.UNREACHABLE
    for _ in range(2):
        await refused(store)
    faulty.fault = None
    seconds.now += LONGEST_PAUSE_S

    async def miss() -> None:
        async with store.read():
            raise NotFound

    with pytest.raises(NotFound):
        await miss()
    await store.ping()
    assert not store.down


async def test_what_fails_beside_the_database_says_nothing_of_it() -> None:
    """Transactions that fail for want of something else, as of what Redis keeps, show the next one
    tried: a person is signed out although Redis is down.
    """
    store, faulty, _ = guarded()

    async def miss() -> None:
        async with store.read():
            raise RedisDown("no answer")

    for _ in range(5):
        with pytest.raises(RedisDown):
            await miss()
    assert not store.down
    async with store.begin(ADA):
        assert faulty.asked == 6


async def test_a_queue_has_an_end() -> None:
    """More transactions than could be served in time show the rest refused at once and told to
    come back soon; reading is not stopped by a crowd that writes.
    """
    store, faulty, _ = guarded()
    async with AsyncExitStack() as crowd:
        for _ in range(CROWD):
            await crowd.enter_async_context(store.begin())
        found = await refused(store, reading=False)
        assert (found.why, found.retry_after_s) == (Unserved.CROWDED, 2)
        assert faulty.asked == CROWD
        await store.ping()
    async with store.begin(ADA):
        assert not store.down


async def test_nobody_fills_the_queue_for_others() -> None:
    """More transactions about one person than may wait show the rest of theirs refused, and
    everybody else served; once they are done, so is that person, and nothing is kept of them.
    """
    store, _, _ = guarded()
    async with AsyncExitStack() as crowd:
        for _ in range(THEIRS):
            await crowd.enter_async_context(store.begin(ADA))
        found = await refused(store, reading=False)
        assert found.why is Unserved.CROWDED
        for _ in range(CROWD - 1):
            await crowd.enter_async_context(store.begin())
    async with store.begin(ADA):
        pass
    assert not any(store._under_way.values())


async def test_no_crowd_keeps_revocations_from_being_read() -> None:
    """Whoever reads and writes as one of a crowd shows refused, what all rely on served; a database
    that is down shows that refused as well.
    """
    store, faulty, _ = guarded()
    first = store.first()
    async with AsyncExitStack() as crowd:
        for _ in range(CROWD):
            await crowd.enter_async_context(store.read())
            await crowd.enter_async_context(store.begin())
        assert (await refused(store)).why is Unserved.CROWDED
        async with first.read(), first.begin():
            pass
    faulty.fault = Unserved.UNREACHABLE
    for _ in range(2):
        await refused(store)
    with pytest.raises(StoreUnavailable, match="a moment ago"):
        async with first.read():
            pass


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=40))
async def test_nobody_waits_longer_than_the_pause(steps: list[tuple[bool, float]]) -> None:
    """Whatever came before, a store that is back shows served after the longest pause."""
    store, faulty, seconds = guarded()
    for works, passes in steps:
        faulty.fault = None if works else Unserved.UNREACHABLE
        seconds.now += passes
        try:
            await store.ping()
        except StoreUnavailable:
            continue
    faulty.fault = None
    seconds.now += LONGEST_PAUSE_S
    await store.ping()
    assert not store.down
