"""What is said differently to each database."""

import asyncio
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from sidecar.storage import sqlite
from sidecar.storage.database import database
from sidecar.storage.dialects import hold, upsert
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


async def test_what_is_held_is_waited_for(postgres: Server) -> None:
    """A second holder shows that it waits for the first one's end, and others that they do not."""
    async with postgres.empty() as url:
        engine = database(url).writer()
        ended: list[str] = []

        async def take(what: str) -> None:
            async with engine.begin() as connection:
                await hold(connection, what)
                ended.append(what)

        async with asyncio.TaskGroup() as tasks, engine.begin() as connection:
            await hold(connection, "a")
            await hold(connection, "a")
            tasks.create_task(take("a"))
            await take("b")
            ended.append("first")
        assert ended == ["b", "first", "a"]
        await engine.dispose()
