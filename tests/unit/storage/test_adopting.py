"""An import in few statements."""

from pathlib import Path

from sqlalchemy import event as happening

from sidecar.core.model import Person
from tests.conformance.stores import NOW, Travel, authenticator, open_sqlite, sqlite_file


async def test_many_cost_few_statements(tmp_path: Path) -> None:
    """A thousand people show a number of statements that does not grow with them."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    new = tuple(
        authenticator(f"t{number}", person=Person("app", f"p{number}")) for number in range(1000)
    )
    statements: list[str] = []

    def heard(*about: object) -> None:
        statements.append(str(about[2]))

    async with store.begin() as tx:
        connection = tx.connection.sync_connection
        assert connection is not None
        happening.listen(connection, "before_cursor_execute", heard)
        await tx.directory.adopt(new, NOW)
    await store.close()
    assert len(statements) <= 2 * 4 + 1
