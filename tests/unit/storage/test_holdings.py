"""What many people hold costs few statements."""

from pathlib import Path

from sqlalchemy import event as happening

from sidecar.core.model import Person
from tests.conformance.stores import NOW, Travel, authenticator, open_sqlite, sqlite_file


async def test_many_cost_few_statements(tmp_path: Path) -> None:
    """A thousand people show a number of statements that does not grow with them."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    people = tuple(Person("app", f"p{number}") for number in range(1000))
    async with store.begin() as tx:
        new = tuple(authenticator(f"t-{person.subject}", person=person) for person in people)
        await tx.directory.adopt(new, NOW)
    statements: list[str] = []

    def heard(*about: object) -> None:
        statements.append(str(about[2]))

    async with store.read() as tx:
        connection = tx.connection.sync_connection
        assert connection is not None
        happening.listen(connection, "before_cursor_execute", heard)
        found = await tx.directory.holdings(people)
    await store.close()
    assert {person: len(held.authenticators) for person, held in found.items()} == dict.fromkeys(
        people, 1
    )
    assert len(statements) <= 2 * 2
