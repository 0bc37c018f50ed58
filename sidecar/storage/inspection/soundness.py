"""Whether the database holds together, and its tables are those of this version."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage.client_tables import api_tokens
from sidecar.storage.inspection.finding import Finding, Kind, Tally
from sidecar.storage.tables import attempts, audit_events, revocations

metadata: Final = api_tokens.metadata

_OF_MIGRATIONS: Final = frozenset({"ix_two_factor_configs_bytes"})
"""What a migration makes on one kind of database only."""

_WELL: Final = "ok"
_INVALID: Final = text(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND NOT (i.indisvalid AND i.indisready)"
    " ORDER BY c.relname"
)
_UNCHECKED: Final = text(
    "SELECT r.conrelid::regclass || '.' || r.conname FROM pg_constraint r"
    " JOIN pg_namespace n ON n.oid = r.connamespace"
    " WHERE n.nspname = current_schema() AND NOT r.convalidated ORDER BY r.conname"
)
_UNREADABLE: Final = text(
    "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()"
)
_NEXT: Final = text("SELECT pg_get_serial_sequence(:relation, :field)")
_NUMBERED: Final = ((attempts, "id"), (revocations, "sequence"), (audit_events, "sequence"))


async def soundness(connection: AsyncConnection, *, newer: bool) -> list[Finding]:
    """Return what the database says of itself; a `newer` schema may have more than this one."""
    if connection.dialect.name == "postgresql":
        own = await _server(connection)
    else:
        own = await _file(connection)
    return [*own, *await connection.run_sync(lambda sync: list(_differences(sync, newer=newer)))]


async def _file(connection: AsyncConnection) -> list[Finding]:
    told = (await connection.execute(text("PRAGMA integrity_check(20)"))).scalars().all()
    found = [Finding(Kind.DAMAGED, "database", said=said) for said in told if said != _WELL]
    tally = Tally()
    for row in await connection.execute(text("PRAGMA foreign_key_check")):
        tally.add(Kind.ORPHAN, f"{row[0]} without {row[2]}", str(row[1]))
    return [*found, *tally.findings()]


async def _server(connection: AsyncConnection) -> list[Finding]:
    found = [
        *(Finding(Kind.INDEX, name) for name in await _names(connection, _INVALID)),
        *(Finding(Kind.CONSTRAINT, name) for name in await _names(connection, _UNCHECKED)),
    ]
    failures = (await connection.execute(_UNREADABLE)).scalar_one()
    if failures:
        said = "pages whose checksum does not fit"
        found.append(Finding(Kind.DAMAGED, "database", failures, said=said))
    for table, column in _NUMBERED:
        if await _behind(connection, table, column):
            found.append(Finding(Kind.SEQUENCE, f"{table.name}.{column}"))
    return found


async def _names(connection: AsyncConnection, query: object) -> list[str]:
    rows = await connection.execute(query)  # type: ignore[call-overload]  # one of those above
    return [str(name) for name in rows.scalars()]


async def _behind(connection: AsyncConnection, table: Table, column: str) -> bool:
    """Tell whether the next number of the table is one that was given."""
    names = {"relation": table.name, "field": column}
    sequence = (await connection.execute(_NEXT, names)).scalar_one()
    if sequence is None:
        return True
    # The name is the server's own, quoted by it.
    given = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
    last = (await connection.execute(given)).scalar_one()
    highest = select(func.coalesce(func.max(table.c[column]), 0))
    return bool((await connection.execute(highest)).scalar_one() > last)


def _differences(connection: Connection, *, newer: bool) -> Iterator[Finding]:
    """Yield where the tables are not those of the code, as a migration would change them."""
    from alembic.autogenerate import compare_metadata  # dear, and only needed here
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    for change in compare_metadata(context, metadata):
        for what, *about in change if isinstance(change, list) else [change]:
            name = _name_of(what, about)
            spare = newer and what.startswith("remove_")
            if not spare and name.rpartition(".")[2] not in _OF_MIGRATIONS:
                word = "is missing" if what.startswith("add_") else "is no part of it"
                said = word if what.startswith(("add_", "remove_")) else "is another"
                yield Finding(Kind.SCHEMA, name, said=said)


def _name_of(what: str, about: list[object]) -> str:
    """Return what a change is about: a table, or something of one."""
    if what in {"add_column", "remove_column"}:
        return f"{about[1]}.{getattr(about[2], 'name', about[2])}"
    if what.startswith("modify_"):
        return f"{about[1]}.{about[2]}"
    item = about[0]
    table = getattr(getattr(item, "table", None), "name", "")
    name = str(getattr(item, "name", item))
    return f"{table}.{name}" if table else name
