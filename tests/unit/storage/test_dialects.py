"""What is said differently to each database."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from sidecar.storage import sqlite
from sidecar.storage.database import database
from sidecar.storage.dialects import upsert
from sidecar.storage.tables import canaries
from tests.conformance.stores import NOW, sqlite_file
from tests.postgres import Server

ROW = {"key_id": "k9", "sealed": "x", "created_at": NOW}


async def insert_twice(engine: AsyncEngine) -> list[int]:
    async with engine.begin() as connection:
        once = upsert(connection, canaries).values(**ROW).on_conflict_do_nothing()
        counts = [(await connection.execute(once)).rowcount for _ in range(2)]
    await engine.dispose()
    return counts


async def test_a_row_is_added_once(tmp_path: Path, postgres: Server) -> None:
    """The same row added twice shows one row, on either database."""
    assert await insert_twice(sqlite.writer(sqlite_file(tmp_path))) == [1, 0]
    async with postgres.store() as url:
        assert await insert_twice(database(url).writer()) == [1, 0]
