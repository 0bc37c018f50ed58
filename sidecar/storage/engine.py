"""Connections to SQLite: the only file that knows which database it is."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import Connection, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import Table

from sidecar.storage.faults import StoreUnproven

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

WAIT_S = 10
"""How long a transaction waits for its turn, in this process and for the lock of another."""

_PAUSE_S = 0.05

READERS = 4
"""Connections that read at the same time; each is one thread."""

_PRAGMAS = ("PRAGMA trusted_schema = OFF", "PRAGMA synchronous = FULL")
"""WAL alone may lose the last commits at a power cut; FULL does not (promise 8)."""


def database_path(url: str) -> Path:
    """Return the file that the URL names.

    Raises:
        StoreUnproven: the URL names no file of SQLite.

    """
    hint = "storage.database: sqlite+aiosqlite:///data/sidecar.db"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreUnproven("the database's address is not a URL", hint) from None
    if parsed.drivername not in {"sqlite", "sqlite+aiosqlite"}:
        raise StoreUnproven(f"{parsed.drivername} is not served; SQLite is", hint)
    if not parsed.database or parsed.database.startswith((":memory:", "file:")) or parsed.query:
        raise StoreUnproven("a database in memory, or with options, would not last", hint)
    return Path(parsed.database).absolute()


def writer(path: Path, *, foreign_keys: bool = True) -> AsyncEngine:
    """Return an engine with one connection, whose transactions hold the write lock from the start.

    One connection makes the writers of this process queue in order and with a time limit; a
    transaction that reads first and asks for the lock later could be refused half-way.
    """
    engine = _engine(path, connections=1)
    keys = f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}"
    _prepare(engine, (*_PRAGMAS, keys), "BEGIN IMMEDIATE")
    return engine


def reader(path: Path) -> AsyncEngine:
    """Return an engine whose transactions see one moment, cannot write and never wait."""
    engine = _engine(path, connections=READERS)
    _prepare(engine, (*_PRAGMAS, "PRAGMA query_only = ON"), "BEGIN")
    return engine


def use_wal(path: Path) -> None:
    """The file is in WAL mode, and stays so; to be called once a store is known to be ours.

    SQLite does not wait for its turn at this one change, so we do: several processes may start at
    the same time. Blocks; for a thread.

    Raises:
        StoreUnproven: it cannot be changed, or others hold the file for too long.

    """
    until = time.monotonic() + WAIT_S
    try:
        with closing(sqlite3.connect(_address(path), uri=True)) as connection:
            while not _is_wal(connection):
                if time.monotonic() > until:
                    raise StoreUnproven(f"{path} is locked by another process")
                time.sleep(_PAUSE_S)
    except sqlite3.Error as error:
        raise StoreUnproven(f"{path} cannot be used: {error}") from error


def _is_wal(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False


def _address(path: Path) -> str:
    """Return the file's URI; `mode=rw` never creates one, not even after it vanished."""
    return f"file:{quote(str(path))}?mode=rw"


def _engine(path: Path, *, connections: int) -> AsyncEngine:
    url = make_url("sqlite+aiosqlite://").set(
        database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"}
    )
    return create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=WAIT_S,
        hide_parameters=True,  # a failed statement's log line must not carry what it stored
        connect_args={"timeout": WAIT_S, "isolation_level": None},
    )


def _prepare(engine: AsyncEngine, pragmas: tuple[str, ...], begin: str) -> None:
    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)


def upsert(connection: AsyncConnection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an insert that can say what happens on a conflict, in the database's own dialect."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)
