"""The schema goes up and down, and what it builds is what the code expects."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect

from sidecar.storage.client_tables import api_tokens
from sidecar.storage.database import database
from sidecar.storage.faults import CREATE, StoreUnproven
from sidecar.storage.setup import migrate_down, migrate_up
from sidecar.storage.sql import open_store
from tests.conformance.stores import RING, Travel, url_of
from tests.postgres import Server

metadata = api_tokens.metadata


def differences(path: Path) -> list[object]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = compared(connection)
        checks = {
            table.name: sorted(c["name"] or "" for c in inspect(connection).get_indexes(table.name))
            for table in metadata.sorted_tables
        }
    engine.dispose()
    for table in metadata.sorted_tables:
        assert checks[table.name] == sorted(str(index.name) for index in table.indexes)
    return found


def compared(connection: Connection) -> list[object]:
    """Return how the tables of a database differ from those of the code."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {name for (name,) in rows} - {"sqlite_sequence"}


async def test_up_down_up_builds_the_tables_of_the_code(tmp_path: Path) -> None:
    """Up, down to nothing and up again show exactly the declared schema, each time."""
    path = tmp_path / "data" / "sidecar.db"
    made = await migrate_up(url_of(path), RING, Travel(), create=True)
    assert made.current
    assert differences(path) == []
    down = await migrate_down(url_of(path), RING, "base")
    assert (down.current, down.revision) == (False, None)
    assert tables(path) == {"alembic_version"}
    with pytest.raises(StoreUnproven) as empty:
        await open_store(url_of(path), RING, Travel())
    assert empty.value.hint == CREATE
    await migrate_up(url_of(path), RING, Travel(), create=True)
    assert differences(path) == []
    await (await open_store(url_of(path), RING, Travel())).close()


async def test_a_server_has_the_tables_of_the_code(postgres: Server) -> None:
    """Up, down to nothing and up again on PostgreSQL show the declared schema and one index more,
    each time; three processes that migrate at once show one instance.
    """
    async with postgres.empty() as url:
        for _ in range(2):
            up = (migrate_up(url, RING, Travel(), create=True) for _ in range(3))
            assert all(made.current for made in await asyncio.gather(*up))
            writer = database(url).writer()
            async with writer.connect() as connection:
                (more,) = await connection.run_sync(compared)
                assert "ix_two_factor_configs_bytes" in str(more)  # by which people are listed
            await writer.dispose()
            await (await open_store(url, RING, Travel())).close()
            assert (await migrate_down(url, RING, "base")).revision is None
