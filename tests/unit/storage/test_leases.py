"""Leases as they stand in the table; what they do is the conformance suite's."""

from datetime import timedelta
from pathlib import Path

from sidecar.core.stores import APART
from tests.conformance.stores import NOW, Travel, open_sqlite, sqlite_file
from tests.unit.storage.databases import rows


async def test_a_chore_stays_one_row(tmp_path: Path) -> None:
    """However often it is taken and done, a chore shows one row, that of its last holder's end."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    for holder in ("one", "two"):
        async with store.begin(APART) as tx:
            assert await tx.leases.take("chore", holder, NOW, lasts=timedelta(minutes=1))
        assert rows(tmp_path, "SELECT name, holder FROM leases") == [("chore", holder)]
        async with store.begin(APART) as tx:
            assert await tx.leases.done("chore", holder, NOW)
    await store.close()
    assert rows(tmp_path, "SELECT name, holder FROM leases") == [("chore", "")]
