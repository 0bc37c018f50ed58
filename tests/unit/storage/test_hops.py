"""Statements to SQLite, and how often each crosses over to the thread of its connection."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.storage.hops import Cursor, OneHop, Work, connect


class Counted(OneHop):
    """Counts its crossings."""

    crossings = 0

    def send(self, cursor: Cursor, work: Work) -> asyncio.Future[None]:
        self.crossings += 1
        return super().send(cursor, work)

    async def _execute(self, *work: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on as it is
        self.crossings += 1
        return await super()._execute(*work, **more)  # type: ignore[no-untyped-call]


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Counted]:
    made = Counted(lambda: sqlite3.connect(tmp_path / "some.db", isolation_level=None))
    await made
    await made.cursor().execute("CREATE TABLE some (number INTEGER PRIMARY KEY)")
    made.crossings = 0
    yield made
    await made.close()


async def test_a_statement_crosses_once(connection: Counted) -> None:
    """A cursor that is made, executed, read and closed shows one crossing, and all that it found.

    So does one that changes rows, with their number and the number of the last.
    """
    changing = connection.cursor()
    await changing.execute("INSERT INTO some VALUES (?), (?)", (7, 9))
    await changing.close()
    assert (changing.rowcount, changing.lastrowid, changing.description) == (2, 9, None)
    finding = await connection.cursor().execute("SELECT number FROM some ORDER BY number")
    assert await finding.fetchall() == [(7,), (9,)]
    assert [name for name, *_ in finding.description] == ["number"]
    assert connection.crossings == 2


async def test_many_go_in_one_crossing(connection: Counted) -> None:
    """A statement with many sets of values shows one crossing and every row."""
    many = [(number,) for number in range(5)]
    cursor = await connection.cursor().executemany("INSERT INTO some VALUES (?)", many)
    assert (cursor.rowcount, connection.crossings) == (5, 1)


async def test_nothing_is_rolled_back_without_a_crossing(connection: Counted) -> None:
    """A rollback shows no crossing while nothing is open, and undoes what is."""
    await connection.rollback()
    assert connection.crossings == 0
    for statement in ("BEGIN", "INSERT INTO some VALUES (1)"):
        await connection.cursor().execute(statement)
    await connection.rollback()
    found = await connection.cursor().execute("SELECT number FROM some")
    assert await found.fetchall() == []


async def test_a_failure_is_the_drivers(connection: Counted) -> None:
    """A statement that SQLite does not take shows SQLite's own error, and the next one works."""
    cursor = connection.cursor()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await cursor.execute("SELECT 1 FROM nowhere")
    await cursor.execute("SELECT 1")
    assert await cursor.fetchall() == [(1,)]


async def test_its_thread_holds_no_process_up(tmp_path: Path) -> None:
    """A connection shows a thread that ends with the process, whoever forgot to close it."""
    made = await connect(str(tmp_path / "some.db"))
    assert made._thread.daemon
    await made.close()
