"""The directory in SQL: it counts by the clock that it was given."""

from pathlib import Path

from tests.conformance.stores import NOW, Travel, open_sqlite, recovery, sqlite_file


async def test_requests_wait_by_the_stores_clock(tmp_path: Path) -> None:
    """A request shows that it waits until the store's clock, not the machine's, says it is over."""
    clock = Travel(NOW.replace(year=2001))
    store = await open_sqlite(sqlite_file(tmp_path), clock)
    short = recovery(created_at=clock(), expires_at=clock.now.replace(day=2))
    async with store.begin() as tx:
        await tx.recoveries.add(short)
        assert (await tx.directory.census(clock())).recoveries == 1
        clock.forward(days=1)
        assert (await tx.directory.census(clock())).recoveries == 0
    await store.close()
