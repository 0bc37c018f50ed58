"""Pages in SQL: what one costs does not depend on where it begins."""

from pathlib import Path

import pytest
from sqlalchemy import event as happening

from sidecar.core.directory import Wanted
from tests.conformance.stores import ADA, Travel, open_sqlite, sqlite_file
from tests.unit.storage.databases import rows


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(realm="app")])
async def test_a_page_is_found_by_an_index(tmp_path: Path, wanted: Wanted) -> None:
    """The plan for a page shows a search in the key, without sorting everybody first."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    statements: list[str] = []

    def heard(*about: object) -> None:
        statements.append(str(about[2]))

    async with store.read() as tx:
        connection = tx.connection.sync_connection
        assert connection is not None
        happening.listen(connection, "before_cursor_execute", heard)
        await tx.directory.page(wanted, after=ADA, limit=50)
    await store.close()
    asked = statements[0]
    for _ in range(asked.count("?")):
        asked = asked.replace("?", "'app'", 1)
    plan = str(rows(tmp_path, f"EXPLAIN QUERY PLAN {asked}"))
    assert "SEARCH two_factor_configs USING INDEX" in plan
    assert "TEMP B-TREE" not in plan
