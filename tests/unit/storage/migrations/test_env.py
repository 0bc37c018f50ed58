"""Revisions run in the transaction that is lent to them."""

from pathlib import Path

import pytest

from sidecar.storage import canary, revisions, schema, sqlite


async def test_a_migration_that_fails_leaves_no_table(tmp_path: Path) -> None:
    """An error after the last revision, before the commit, shows an empty database again."""
    path = tmp_path / "sidecar.db"
    path.touch()
    writer = sqlite.writer(path)

    async def fail() -> None:
        async with writer.begin() as connection:
            await schema.upgrade(connection)
            assert await canary.has_tables(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with writer.begin() as connection:
        assert not await canary.has_tables(connection)
        assert await revisions.schema_of(connection) == revisions.Schema(None)
    await writer.dispose()
