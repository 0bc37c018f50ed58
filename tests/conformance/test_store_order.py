"""What many write at once has one order, and whoever reads along sees all of it."""

import asyncio

from sidecar.core.model import Person
from sidecar.core.stores import Store
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import ADA, NOW, TWIN, event

AT_ONCE = 20
Processes = tuple[SqlStore, ...]


async def test_the_trail_is_one_chain(processes: Processes) -> None:
    """Acts of many people written at once show one chain, whole, with all of them."""

    async def act(store: Store, number: int) -> None:
        who = Person("app", f"person-{number}")
        async with store.begin(who) as tx:
            await tx.trail.append(event("a.first", who))
            await tx.accounts.ensure(who, NOW)
            await tx.trail.append(event("a.second", who))

    await asyncio.gather(*(act(processes[at % len(processes)], at) for at in range(AT_ONCE)))
    verdict = await processes[0].verify_trail()
    assert (verdict.rows, verdict.broken_at) == (2 * AT_ONCE, None)


async def test_a_reader_of_the_feed_misses_nothing(processes: Processes) -> None:
    """Somebody who goes on after the highest number seen shows every revocation, in order."""
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        last = False
        while not last:
            last = done.is_set()
            async with processes[0].read() as tx:
                rows = await tx.feed.since(seen[-1] if seen else 0)
            seen.extend(row.sequence for row in rows)

    async def revoke(store: Store, number: int) -> None:
        who = (ADA, TWIN)[number % 2] if number % 3 else Person("app", f"person-{number}")
        for _ in range(3):
            async with store.begin(who) as tx:
                await tx.feed.append("person", who, None, NOW)
                await tx.accounts.bump_epoch(who)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follow())
        work = (revoke(processes[at % len(processes)], at) for at in range(AT_ONCE))
        await asyncio.gather(*work)
        done.set()
    assert len(seen) == 3 * AT_ONCE
    assert seen == sorted(seen)
