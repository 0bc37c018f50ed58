"""How connections behave: durable, private, and free again after a cancelled statement."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from sidecar.storage import sqlite
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.tables import accounts
from tests.conformance.stores import ADA, NOW, Travel, files, open_sqlite, sqlite_file, threads_end


async def test_a_connection_is_durable(tmp_path: Path) -> None:
    """The settings of a writing connection show WAL, full synchronisation, foreign keys."""
    path = sqlite_file(tmp_path)
    writer = sqlite.writer(path, 10)
    async with writer.begin() as connection:
        values = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    await writer.dispose()
    assert values == ["wal", 2, 1, 10_000]


async def test_a_writer_holds_the_lock_from_the_start(tmp_path: Path) -> None:
    """A second process that wants to write shows refused before the first wrote anything."""
    path = sqlite_file(tmp_path)
    one, two = sqlite.writer(path), sqlite.writer(path)
    async with one.begin(), two.connect() as late:
        # The second would wait its ten seconds; the lock is what is shown here.
        raw = (await late.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(OperationalError, match="locked"):
            await late.begin()
    await one.dispose()
    await two.dispose()


async def test_readers_cannot_write(tmp_path: Path) -> None:
    """Deleting over a reading connection shows the database's own refusal."""
    reading = sqlite.reader(sqlite_file(tmp_path))
    with pytest.raises(OperationalError, match="readonly"):
        async with reading.begin() as connection:
            await connection.execute(accounts.delete())
    await reading.dispose()


async def test_nothing_is_made_by_connecting(tmp_path: Path) -> None:
    """Connecting to a file that is not there shows an error and no file."""
    for make in (sqlite.reader, sqlite.writer):
        missing = make(tmp_path / "none.db")
        with pytest.raises(OperationalError):
            async with missing.begin() as connection:
                await connection.execute(text("SELECT 1"))
        await missing.dispose()
    await threads_end()
    assert files(tmp_path) == {}


async def test_a_cancelled_statement_frees_the_lock(tmp_path: Path) -> None:
    """Tasks cancelled in the middle of driver calls show no lock left behind and no wait."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())

    async def write() -> None:
        while True:
            async with store.begin() as tx:
                await tx.accounts.bump_epoch(ADA)

    for delay in range(30):
        task = asyncio.get_running_loop().create_task(write())
        await asyncio.sleep(delay * 0.0007)
        task.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await task
    async with asyncio.timeout(5), store.begin() as tx:
        await tx.accounts.ensure(ADA, NOW)
    await store.close()


async def test_wal_mode_waits_for_its_turn(tmp_path: Path) -> None:
    """A file that somebody is writing shows WAL as soon as they end, and a fault if they do not."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE x (y)")
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.get_running_loop().run_in_executor(None, sqlite.use_wal, path)
        await asyncio.sleep(0.1)
        assert not waiting.done()
        other.execute("COMMIT")
    async with asyncio.timeout(5):
        await waiting
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_wal_mode_is_not_waited_for_without_end(tmp_path: Path) -> None:
    """A lock that is never given back, and a file that is none, show a fault."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE x (y)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnproven, match="locked"):
            sqlite.use_wal(path, 0)
    with pytest.raises(StoreUnproven, match="cannot be used"):
        sqlite.use_wal(tmp_path / "none.db")
