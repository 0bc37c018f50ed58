"""Pages in SQL: what one costs does not depend on where it begins."""

from pathlib import Path

import pytest
from sqlalchemy import event as happening
from sqlalchemy import text

from sidecar.core.directory import Wanted
from sidecar.storage.sql import SqlStore, open_store
from tests.conformance.stores import ADA, RING, Travel, open_sqlite, sqlite_file
from tests.postgres import Server

EVERYBODY, OF_A_REALM = Wanted(), Wanted(realm="app")


async def plan(store: SqlStore, wanted: Wanted, explain: str) -> str:
    """Return how the database goes about finding a page in the middle."""
    asked: list[tuple[str, object]] = []

    def heard(*about: object) -> None:
        asked.append((str(about[2]), about[3]))

    async with store.read() as tx:
        connection = tx.connection.sync_connection
        assert connection is not None
        if explain == "EXPLAIN":
            for way in ("seqscan", "bitmapscan"):  # an empty table is read whole otherwise
                await tx.connection.execute(text(f"SET LOCAL enable_{way} = off"))
        happening.listen(connection, "before_cursor_execute", heard)
        await tx.directory.page(wanted, after=ADA, limit=50)
        ((statement, values),) = asked

        def told(_: object) -> list[object]:
            assert isinstance(values, tuple)
            return [*connection.exec_driver_sql(f"{explain} {statement}", values)]

        found = str(await tx.connection.run_sync(told))
    await store.close()
    return found


@pytest.mark.parametrize("wanted", [EVERYBODY, OF_A_REALM])
async def test_a_page_is_found_by_an_index(tmp_path: Path, wanted: Wanted) -> None:
    """The plan for a page shows a search in the key, without sorting everybody first."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    found = await plan(store, wanted, "EXPLAIN QUERY PLAN")
    assert "SEARCH two_factor_configs USING INDEX" in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("wanted", [EVERYBODY, OF_A_REALM])
async def test_so_it_is_on_postgresql(postgres: Server, wanted: Wanted) -> None:
    """The plan for a page shows the index by bytes, without sorting everybody first."""
    async with postgres.store() as url:
        found = await plan(await open_store(url, RING, Travel()), wanted, "EXPLAIN")
    assert "ix_two_factor_configs_bytes" in found
    assert "Sort" not in found
