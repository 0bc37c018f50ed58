"""Connections to SQLite: the only file that knows which database it is."""

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import Table

from sidecar.storage.faults import StoreUnproven

WAIT_S = 10
"""How long a transaction waits for its turn, in this process and for the lock of another."""

READERS = 4
"""Connections that read at the same time; each is one thread."""

_GUARD = "PRAGMA trusted_schema = OFF"
_PRAGMAS = (_GUARD, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
"""WAL alone may lose the last commits at a power cut; FULL does not (promise 8)."""

Insert = sqlite.Insert | postgresql.Insert


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


def prober(path: Path) -> AsyncEngine:
    """Return a reading engine that leaves a file, whosever it is, exactly as it was."""
    engine = _engine(path, connections=1)
    _prepare(engine, (_GUARD, "PRAGMA query_only = ON"), "BEGIN")
    return engine


def _engine(path: Path, *, connections: int) -> AsyncEngine:
    """Connect to a file that exists: `mode=rw` never creates one, not even after it vanished."""
    address = f"file:{quote(str(path))}"
    url = URL.create("sqlite+aiosqlite", database=address, query={"mode": "rw", "uri": "true"})
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


def upsert(connection: AsyncConnection, table: Table) -> Insert:
    """Return an insert that can say what happens on a conflict, in the database's own dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
