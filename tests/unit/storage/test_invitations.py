"""What lies in the rows of invitations."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.storage.sql import SqlStore
from tests.conformance.stores import ADA, NOW, Travel, open_sqlite, sqlite_file, token


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


async def test_who_invited_and_what_became_of_it_stays(store: SqlStore, tmp_path: Path) -> None:
    """A voided and a redeemed invitation show their author and their end."""
    later = NOW.replace(day=8)
    async with store.begin() as tx:
        await tx.invitations.add(ADA, token("1"), by="operator:root", expires_at=later)
        await tx.invitations.add(ADA, token("2"), by="operator:eve", expires_at=later)
        assert await tx.invitations.redeem(ADA, token("2"), NOW)
    kept = rows(
        tmp_path,
        "SELECT by, redeemed_at IS NULL, voided_at IS NULL FROM invitations ORDER BY code_hash",
    )
    assert kept == [
        ("operator:root", 1, 0),
        ("operator:eve", 0, 1),
    ]
