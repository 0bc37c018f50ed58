"""A store in one file of SQLite, the embedded default."""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from sidecar.core.errors import StoreUnavailable
from sidecar.storage import hops
from sidecar.storage.faults import CREATE, StoreAbsent, StoreUnproven
from sidecar.storage.tuning import MIGRATION_WAIT_S, PATIENT, Tuning
from sidecar.storage.vault import Vault
from sidecar.storage.written import say

HINT = "storage.database: sqlite+aiosqlite:///data/sidecar.db"

_PAUSE_S = 0.05

READERS = 4
"""Connections that read at the same time; each is one thread."""

_PRAGMAS = ("PRAGMA trusted_schema = OFF", "PRAGMA synchronous = FULL")
"""WAL alone may lose the last commits at a power cut; FULL does not (promise 8)."""


class DatabaseFile:
    """A file, which may not be there yet."""

    def __init__(self, url: URL, tuning: Tuning = PATIENT) -> None:
        self.path = _path(url)
        self._wait_s = tuning.wait_s
        self._proven: tuple[int, int] | None = None

    @property
    def place(self) -> str:
        return str(self.path)

    async def require(self) -> None:
        await asyncio.to_thread(_require_file, self.path)

    async def make(self) -> None:
        """A new file is readable by its owner only; an existing one is left alone."""
        await asyncio.to_thread(_make_file, self.path)

    def reader(self) -> AsyncEngine:
        return reader(self.path, self._wait_s)

    def writer(self) -> AsyncEngine:
        return writer(self.path, self._wait_s)

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that no foreign key disturbs while tables are rebuilt."""
        engine = writer(self.path, MIGRATION_WAIT_S, foreign_keys=False)
        try:
            async with engine.begin() as connection:
                yield connection
                broken = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
                if broken:
                    raise StoreUnproven(f"{len(broken)} rows would lose what they refer to")
        finally:
            await engine.dispose()

    async def settle(self) -> None:
        """The file is in WAL mode, and only this one is the store from now on."""
        await asyncio.to_thread(use_wal, self.path, self._wait_s)
        self._proven = _identity_of(self.path)

    async def recognise(self, connection: AsyncConnection, vault: Vault) -> None:
        """The file is still the one that was proven.

        A removed file goes on working for whoever has it open, and everything written to it is
        lost with the process; reading it would hide that.
        """
        del connection, vault
        if _identity_of(self.path) != self._proven:
            raise StoreUnavailable("the database file was removed or exchanged")


def writer(path: Path, wait_s: float = PATIENT.wait_s, *, foreign_keys: bool = True) -> AsyncEngine:
    """Return an engine with one connection, whose transactions hold the write lock from the start.

    One connection makes the writers of this process queue in order and with a time limit; a
    transaction that reads first and asks for the lock later could be refused half-way.
    """
    engine = _engine(path, wait_s, connections=1)
    keys = f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}"
    _prepare(engine, (*_PRAGMAS, keys), "BEGIN IMMEDIATE")
    return engine


def reader(path: Path, wait_s: float = PATIENT.wait_s) -> AsyncEngine:
    """Return an engine whose transactions see one moment, cannot write and never wait."""
    engine = _engine(path, wait_s, connections=READERS)
    _prepare(engine, (*_PRAGMAS, "PRAGMA query_only = ON"), "BEGIN")
    return engine


def use_wal(path: Path, wait_s: float = PATIENT.wait_s) -> None:
    """The file is in WAL mode, and stays so; to be called once a store is known to be ours.

    SQLite does not wait for its turn at this one change, so we do: several processes may start at
    the same time. Blocks; for a thread.

    Raises:
        StoreUnproven: it cannot be changed, or others hold the file for too long.

    """
    until = time.monotonic() + wait_s
    try:
        with closing(sqlite3.connect(_address(path), uri=True)) as connection:
            while not _is_wal(connection):
                if time.monotonic() > until:
                    raise StoreUnproven(f"{path} is locked by another process")
                time.sleep(_PAUSE_S)
    except sqlite3.Error as error:
        raise StoreUnproven(f"{path} cannot be used: {error}") from error


# --- connections ----------------------------------------------------------------------------------


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


def _engine(path: Path, wait_s: float, *, connections: int) -> AsyncEngine:
    url = make_url("sqlite+aiosqlite://").set(
        database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"}
    )
    return create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=wait_s,
        hide_parameters=True,  # a failed statement's log line must not carry what it stored
        connect_args={
            "timeout": wait_s,
            "isolation_level": None,
            "async_creator_fn": hops.connect,
        },
    )


def _prepare(engine: AsyncEngine, pragmas: tuple[str, ...], begin: str) -> None:
    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def begun(connection: Connection) -> None:
        say(connection, begin)

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)


# --- files ----------------------------------------------------------------------------------------


def _path(url: URL) -> Path:
    """Return the file that the URL names.

    Raises:
        StoreUnproven: the URL names no file of SQLite.

    """
    if url.drivername not in {"sqlite", "sqlite+aiosqlite"}:
        raise StoreUnproven(f"{url.drivername} is not served; SQLite and PostgreSQL are", HINT)
    if not url.database or url.database.startswith((":memory:", "file:")) or url.query:
        raise StoreUnproven("a database in memory, or with options, would not last", HINT)
    return Path(url.database).absolute()


def _require_file(path: Path) -> None:
    if not path.exists():
        raise StoreAbsent(f"there is no database at {path}", CREATE)
    if not path.is_file():
        raise StoreUnproven(f"{path} is not a file")
    if path.stat().st_size == 0 and not path.with_name(f"{path.name}-wal").exists():
        raise StoreAbsent(f"the database at {path} is empty", CREATE)


def _make_file(path: Path) -> None:
    if path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnproven(f"{path} cannot be created: {error.strerror}") from error


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
