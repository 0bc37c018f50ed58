"""Sequence numbers of the feed."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.core.feed import EVERYBODY
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


async def test_a_number_is_never_given_twice(store: SqlStore, tmp_path: Path) -> None:
    """After old rows were swept away the next one shows a higher number still."""
    async with store.begin() as tx:
        await tx.feed.append("person", ADA, None, NOW)
        await tx.feed.append("person", ADA, None, NOW)
    rows(tmp_path, "DELETE FROM revocations")
    async with store.begin() as tx:
        assert await tx.feed.last() == 0
        await tx.feed.append("person", ADA, None, NOW)
        assert [row.sequence for row in await tx.feed.since(2)] == [3]


async def test_a_row_can_be_about_everybody(store: SqlStore) -> None:
    """A row of everybody shows no person, beside those of one."""
    async with store.begin() as tx:
        await tx.feed.append(EVERYBODY, None, None, NOW)
        await tx.feed.append("person", ADA, None, NOW)
        found = [(row.kind, row.person, row.session) for row in await tx.feed.since(0)]
    assert found == [(EVERYBODY, None, None), ("person", ADA, None)]
