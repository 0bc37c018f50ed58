"""Connections to SQLite that cross over to their thread once for each statement.

The driver crosses four times: for a cursor, to execute, to fetch and to close it. Each crossing
wakes a thread and then the loop, which takes longer than SQLite does.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite

Parameters = Sequence[object]
Work = Callable[[sqlite3.Connection], sqlite3.Cursor]


def connect(database: str, **options: Any) -> "OneHop":  # noqa: ANN401 - sqlite3's own
    """Return a connection that is made once it is awaited; its thread ends with the process."""
    return OneHop(partial(sqlite3.connect, database, **options))


class OneHop(aiosqlite.Connection):
    """Executes and fetches in one go: every result is read whole, as the results here are small."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=1)
        self._thread.daemon = True  # as SQLAlchemy has it with those that it makes

    def cursor(self) -> "Cursor":  # type: ignore[override]
        """Return a cursor; there is nothing to wait for."""
        return Cursor(self)

    async def rollback(self) -> None:
        """Nothing is open; where nothing was, that takes no crossing."""
        if self.in_transaction:
            await super().rollback()

    def send(self, cursor: "Cursor", work: Work) -> asyncio.Future[None]:
        """Return what ends once the cursor has what the work found, in the connection's thread."""
        found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((found, partial(cursor.take, work, self._conn)))
        return found


class Cursor:
    """What one statement found."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: OneHop) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    def take(self, work: Work, connection: sqlite3.Connection) -> None:
        """Run in the thread: do the work, and read all that it found."""
        found = work(connection)
        self.description = found.description
        self._rows = found.fetchall() if found.description else []
        self.rowcount, self.lastrowid = found.rowcount, found.lastrowid
        found.close()

    async def execute(self, statement: str, parameters: Parameters = ()) -> Self:
        """The statement was executed."""
        await self.send(statement, parameters)
        return self

    def send(self, statement: str, parameters: Parameters = ()) -> asyncio.Future[None]:
        """Return what ends once the statement was executed."""
        return self._connection.send(self, lambda on: on.execute(statement, parameters))

    async def executemany(self, statement: str, many: Iterable[Parameters]) -> Self:
        """The statement was executed with each of the parameters."""
        await self._connection.send(self, lambda on: on.executemany(statement, many))
        return self

    @property
    def rows(self) -> list[Any]:
        """All that was found."""
        return self._rows

    async def fetchall(self) -> list[Any]:
        """Return all that was found."""
        return self._rows

    async def close(self) -> None:
        """There is nothing left to close."""
