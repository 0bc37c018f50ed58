"""Creates a store and moves its schema: what `migrate` and `demo` do, and nothing else may."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.protocols import Clock
from sidecar.storage import canary, revisions, schema
from sidecar.storage.database import Database, database
from sidecar.storage.faults import CREATE, StoreAbsent, StoreUnproven
from sidecar.storage.revisions import Schema
from sidecar.storage.transaction import cause
from sidecar.storage.vault import KeyRing

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
"""Whatever ends is not over by then: going back takes no key for needless."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a database's schema stands."""

    place: str
    """The database, as messages call it."""
    schema: Schema

    @property
    def revision(self) -> str | None:
        """None: empty, or not ours."""
        return self.schema.revision

    @property
    def current(self) -> bool:
        """This version can work with it."""
        return self.schema.usable


async def migrate_up(url: str, ring: KeyRing, clock: Clock, *, create: bool) -> Status:
    """The database has the newest schema; with `create`, it is made first where there is none.

    An existing database is moved only after it proved to be ours, and one that a newer version
    moved stays as it is, where this version can work with it. Everything happens in one
    transaction: a crash leaves the old schema, or an empty file.

    Raises:
        StoreUnproven: missing or empty without `create`, foreign, newer, or other keys.

    """
    where = database(url)
    await (where.make() if create else where.require())
    async with _migrating(where) as connection:
        fresh = not await canary.has_tables(connection)
        if fresh and not create:
            raise StoreAbsent(f"{where.place} is empty", CREATE)
        moved = not fresh and (await _prove(connection, ring, clock())).newer
        if not moved:
            await schema.upgrade(connection)
        if fresh:
            await canary.plant(connection, ring, clock())
        found = await revisions.schema_of(connection)
    await where.settle()
    return Status(where.place, found)


async def migrate_down(url: str, ring: KeyRing, target: str) -> Status:
    """The schema is that of the target: a revision, `-1` for one step, `base` for nothing.

    Raises:
        StoreUnproven: missing, empty, foreign, newer, or other keys.

    """
    where = database(url)
    await where.require()
    async with _migrating(where) as connection:
        found = await _prove(connection, ring, _EARLIEST)
        if found.newer:
            message = f"the database's schema is of another version: {found.revision}"
            raise StoreUnproven(message, "only that version's `sidecar migrate down` knows the way")
        await schema.downgrade(connection, target)
        found = await revisions.schema_of(connection)
    return Status(where.place, found)


async def status(url: str) -> Status:
    """Return where the schema stands, reading only.

    Raises:
        StoreUnproven: missing, or not a database.

    """
    where = database(url)
    await where.require()
    reader = where.reader()
    try:
        async with reader.connect() as connection:
            return Status(where.place, await revisions.schema_of(connection))
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnproven(f"{where.place} cannot be read: {cause(error)}") from None
    finally:
        await reader.dispose()


async def _prove(connection: AsyncConnection, ring: KeyRing, now: datetime) -> Schema:
    found = await revisions.schema_of(connection)
    revisions.judge_origin(found)
    await canary.prove(connection, ring, now)
    return found


@asynccontextmanager
async def _migrating(where: Database) -> AsyncIterator[AsyncConnection]:
    try:
        async with where.migrating() as connection:
            yield connection
    except CommandError as error:
        raise StoreUnproven(f"{where.place} could not be migrated: {error}") from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnproven(f"{where.place} could not be migrated: {cause(error)}") from None
