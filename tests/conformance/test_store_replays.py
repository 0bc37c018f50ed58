"""What every store keeps of calls that may be sent twice."""

import asyncio
from datetime import timedelta

from sidecar.core.clients import ClientId
from sidecar.core.replays import KeptAnswer, Replay
from sidecar.core.stores import APART, Store
from tests.conformance.stores import NOW, Travel

SHOP, OTHER = ClientId("t1"), ClientId("t2")
CALL, ANOTHER = "a" * 64, "b" * 64
ANSWER = KeptAnswer(201, {"Location": "/config/app:ada"}, b'{"secret": "\xff\x00"}')
DAY = timedelta(hours=24)


async def test_a_call_is_answered_once(store: Store) -> None:
    """The second call of a key shows the first one's state: running, and then its answer."""
    async with store.begin() as tx:
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) is None
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) == Replay(CALL, None)
        await tx.replays.settle(SHOP, "k", ANSWER, NOW)
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) == Replay(CALL, ANSWER)
        assert await tx.replays.claim(SHOP, "k", ANOTHER, NOW) == Replay(CALL, ANSWER)


async def test_keys_are_their_clients_own(store: Store) -> None:
    """The same key of another client, and another key, show a first call."""
    async with store.begin() as tx:
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) is None
        assert await tx.replays.claim(OTHER, "k", CALL, NOW) is None
        assert await tx.replays.claim(SHOP, "K", CALL, NOW) is None
        await tx.replays.settle(OTHER, "k", ANSWER, NOW)
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) == Replay(CALL, None)


async def test_of_parallel_calls_one_is_first(store: Store) -> None:
    """Twenty claims of one key at once show one that may run."""

    async def claim() -> Replay | None:
        async with store.begin(APART) as tx:
            return await tx.replays.claim(SHOP, "k", CALL, NOW)

    claims = await asyncio.gather(*(claim() for _ in range(20)))
    assert claims.count(None) == 1
    assert claims.count(Replay(CALL, None)) == 19


async def test_a_dropped_call_may_come_again(store: Store) -> None:
    """A call that came to no end shows its key free; one that did keeps it."""
    async with store.begin() as tx:
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) is None
        await tx.replays.drop(SHOP, "k")
        assert await tx.replays.claim(SHOP, "k", ANOTHER, NOW) is None
        await tx.replays.settle(SHOP, "k", ANSWER, NOW)
        await tx.replays.drop(SHOP, "k")
        assert await tx.replays.claim(SHOP, "k", ANOTHER, NOW) == Replay(ANOTHER, ANSWER)


async def test_a_dead_call_is_taken_over_by_the_same_only(store: Store, clock: Travel) -> None:
    """After a minute of silence the same call shows itself first again, and another still not."""
    async with store.begin() as tx:
        assert await tx.replays.claim(SHOP, "k", CALL, clock()) is None
        almost = clock.forward(seconds=59.9)
        assert await tx.replays.claim(SHOP, "k", CALL, almost) == Replay(CALL, None)
        late = clock.forward(seconds=0.1)
        assert await tx.replays.claim(SHOP, "k", ANOTHER, late) == Replay(CALL, None)
        assert await tx.replays.claim(SHOP, "k", CALL, late) is None
        assert await tx.replays.claim(SHOP, "k", CALL, late) == Replay(CALL, None)


async def test_a_key_counts_for_a_day(store: Store) -> None:
    """A day after its answer a key shows itself free for any call, and not before."""
    almost = NOW + DAY - timedelta(seconds=1)
    async with store.begin() as tx:
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) is None
        await tx.replays.settle(SHOP, "k", ANSWER, NOW)
        assert await tx.replays.claim(SHOP, "k", CALL, almost) == Replay(CALL, ANSWER)
        assert await tx.replays.claim(SHOP, "k", ANOTHER, NOW + DAY) is None
        assert await tx.replays.claim(SHOP, "k", ANOTHER, NOW + DAY) == Replay(ANOTHER, None)


async def test_the_first_answer_stays(store: Store) -> None:
    """A second settling of one call shows the answer that was given first."""
    async with store.begin() as tx:
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) is None
        await tx.replays.settle(SHOP, "k", ANSWER, NOW)
        await tx.replays.settle(SHOP, "k", KeptAnswer(500, {}, b""), NOW)
        assert await tx.replays.claim(SHOP, "k", CALL, NOW) == Replay(CALL, ANSWER)
