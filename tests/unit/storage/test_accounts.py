"""The row of a person, which claims lock."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.storage.sql import SqlStore
from tests.conformance.stores import ADA, NOW, Travel, open_sqlite, sqlite_file


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_sqlite(sqlite_file(tmp_path), Travel())
    yield opened
    await opened.close()


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "sidecar.db")
    with connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


async def test_locking_makes_the_row_and_changes_none(store: SqlStore, tmp_path: Path) -> None:
    """A lock on somebody unknown shows a plain row, on somebody known the row as it was."""
    async with store.begin() as tx:
        assert await tx.accounts.lock(ADA, NOW) is None
        await tx.accounts.mark_enrolled(ADA, NOW)
        before = await tx.accounts.ensure(ADA, NOW)
        await tx.accounts.lock(ADA, NOW.replace(year=2030))
        assert await tx.accounts.ensure(ADA, NOW) == before
        await tx.accounts.reset(ADA)
        assert await tx.accounts.lock(ADA, NOW) == NOW
    assert rows(tmp_path, "SELECT count(*) FROM two_factor_configs") == [(1,)]


async def test_a_bump_before_anything_else_counts(store: SqlStore) -> None:
    """Ending the sessions of somebody without a row shows epoch 1, so that none of 0 lives."""
    async with store.begin() as tx:
        assert await tx.accounts.bump_epoch(ADA) == 1
        await tx.accounts.mark_enrolled(ADA, NOW)
        assert (await tx.accounts.ensure(ADA, NOW)).epoch == 1
