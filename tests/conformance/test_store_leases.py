"""What every store says about whose chore something is."""

import asyncio
from datetime import timedelta

from sidecar.core.stores import APART
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import NOW

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)


async def taken(store: SqlStore, holder: str, after: timedelta, **rests: timedelta) -> bool:
    """Tell whether somebody gets the chore for a minute."""
    async with store.begin(APART) as tx:
        return await tx.leases.take("chore", holder, NOW + after, lasts=MINUTE, **rests)


async def test_a_chore_is_one_holders_at_a_time(store: SqlStore) -> None:
    """For as long as it lasts, a lease shows taken to everybody; another chore is free."""
    assert await taken(store, "one", 0 * MINUTE)
    assert not await taken(store, "two", 0 * MINUTE)
    assert not await taken(store, "one", MINUTE - MOMENT)
    assert await taken(store, "two", MINUTE)
    async with store.begin(APART) as tx:
        assert await tx.leases.take("another", "one", NOW, lasts=MINUTE)


async def test_a_lease_is_renewed_while_it_is_the_holders(store: SqlStore) -> None:
    """A renewal shows later takers refused; whoever lost the chore cannot have it so."""
    assert await taken(store, "one", 0 * MINUTE)
    async with store.begin(APART) as tx:
        assert await tx.leases.renew("chore", "one", NOW + MINUTE, lasts=MINUTE)
        assert not await tx.leases.renew("chore", "two", NOW + MINUTE, lasts=MINUTE)
        assert not await tx.leases.renew("another", "one", NOW, lasts=MINUTE)
    assert not await taken(store, "two", 2 * MINUTE - MOMENT)
    assert await taken(store, "two", 2 * MINUTE)
    async with store.begin(APART) as tx:
        assert not await tx.leases.renew("chore", "one", NOW + 2 * MINUTE, lasts=MINUTE)
        assert not await tx.leases.done("chore", "one", NOW + 2 * MINUTE)
        assert not await tx.leases.release("chore", "one")
        assert await tx.leases.done_at("chore") is None
    assert not await taken(store, "one", 2 * MINUTE)


async def test_what_is_released_is_free_and_undone(store: SqlStore) -> None:
    """A chore given back shows itself free at once, however lately it was begun."""
    assert await taken(store, "one", 0 * MINUTE)
    async with store.begin(APART) as tx:
        assert await tx.leases.release("chore", "one")
        assert not await tx.leases.release("chore", "one")
        assert not await tx.leases.renew("chore", "one", NOW, lasts=MINUTE)
    assert await taken(store, "two", MOMENT, rests=MINUTE)


async def test_what_was_done_rests(store: SqlStore) -> None:
    """A chore shows when it was done, is free for the hurried, and rests for the others."""
    assert await taken(store, "one", 0 * MINUTE)
    async with store.begin(APART) as tx:
        assert await tx.leases.done_at("chore") is None
        assert await tx.leases.done("chore", "one", NOW)
        assert await tx.leases.done_at("chore") == NOW
        assert await tx.leases.done_at("another") is None
    assert not await taken(store, "one", 5 * MINUTE - MOMENT, rests=5 * MINUTE)
    assert await taken(store, "two", 5 * MINUTE, rests=5 * MINUTE)
    async with store.begin(APART) as tx:
        assert await tx.leases.done_at("chore") == NOW
        assert await tx.leases.release("chore", "two")
    assert await taken(store, "one", 5 * MINUTE)


async def test_of_many_at_once_one_gets_the_chore(processes: tuple[SqlStore, ...]) -> None:
    """Sixty who ask at once from three processes show one holder, also where a lease ran out."""
    for round_, after in enumerate((0 * MINUTE, MINUTE)):
        asked = (taken(processes[number % 3], f"{round_}-{number}", after) for number in range(60))
        assert (await asyncio.gather(*asked)).count(True) == 1
