"""Creates a store and moves its schema: what `migrate` and `demo` do, and nothing else may."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.protocols import Clock
from sidecar.storage import canary, engine, revisions, schema
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.revisions import REVISIONS
from sidecar.storage.sql import CREATE
from sidecar.storage.vault import KeyRing


@dataclass(frozen=True, slots=True)
class Status:
    """Where a database's schema stands."""

    path: Path
    revision: str | None
    """None: empty, or not ours."""
    head: str

    @property
    def current(self) -> bool:
        """This version can work with it."""
        return self.revision == self.head


async def migrate_up(url: str, ring: KeyRing, clock: Clock, *, create: bool) -> Status:
    """The database has the newest schema; with `create`, it is made first where there is none.

    An existing database is moved only after it proved to be ours. Everything happens in one
    transaction: a crash leaves the old schema, or an empty file.

    Raises:
        StoreUnproven: missing or empty without `create`, foreign, newer, or other keys.

    """
    path = engine.database_path(url)
    await asyncio.to_thread(_make_file, path, create=create)
    async with _migrating(path) as connection:
        fresh = not await canary.has_tables(connection)
        if fresh and not create:
            raise StoreUnproven(f"the database at {path} is empty", CREATE)
        if not fresh:
            await _prove(connection, ring)
        await schema.upgrade(connection)
        if fresh:
            await canary.plant(connection, ring, clock())
        found = await revisions.revision(connection)
    await asyncio.to_thread(engine.use_wal, path)
    return Status(path, found, REVISIONS[-1])


async def migrate_down(url: str, ring: KeyRing, target: str) -> Status:
    """The schema is that of the target: a revision, `-1` for one step, `base` for nothing.

    Raises:
        StoreUnproven: missing, empty, foreign, newer, or other keys.

    """
    path = engine.database_path(url)
    await asyncio.to_thread(_make_file, path, create=False)
    async with _migrating(path) as connection:
        await _prove(connection, ring)
        await schema.downgrade(connection, target)
        found = await revisions.revision(connection)
    return Status(path, found, REVISIONS[-1])


async def status(url: str) -> Status:
    """Return where the schema stands, reading only.

    Raises:
        StoreUnproven: missing, or not a database.

    """
    path = engine.database_path(url)
    await asyncio.to_thread(_make_file, path, create=False)
    reader = engine.reader(path)
    try:
        async with reader.connect() as connection:
            return Status(path, await revisions.revision(connection), REVISIONS[-1])
    except SQLAlchemyError as error:
        raise StoreUnproven(f"{path} cannot be read as a database") from error
    finally:
        await reader.dispose()


async def _prove(connection: AsyncConnection, ring: KeyRing) -> None:
    revisions.judge_origin(await revisions.revision(connection))
    await canary.prove(connection, ring)


@asynccontextmanager
async def _migrating(path: Path) -> AsyncIterator[AsyncConnection]:
    """Run one transaction that no foreign key disturbs while tables are rebuilt."""
    writer = engine.writer(path, foreign_keys=False)
    try:
        async with writer.begin() as connection:
            yield connection
            broken = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
            if broken:
                raise StoreUnproven(f"{len(broken)} rows would lose what they refer to")
    except (SQLAlchemyError, CommandError) as error:
        raise StoreUnproven(f"{path} could not be migrated: {error}") from error
    finally:
        await writer.dispose()


def _make_file(path: Path, *, create: bool) -> None:
    """An existing file is left alone; a new one is readable by its owner only."""
    if path.exists():
        return
    if not create:
        raise StoreUnproven(f"there is no database at {path}", CREATE)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnproven(f"{path} cannot be created: {error.strerror}") from error
