"""The store on SQL: transactions, their repositories, and the one border for driver errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sidecar.core.errors import StoreUnavailable
from sidecar.core.protocols import Clock
from sidecar.storage import canary, engine, schema
from sidecar.storage.accounts import SqlAccounts
from sidecar.storage.attempts import SqlAttempts
from sidecar.storage.authenticators import SqlAuthenticators
from sidecar.storage.challenges import SqlChallenges
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.feed import SqlFeed
from sidecar.storage.invitations import SqlInvitations
from sidecar.storage.sessions import SqlSessions
from sidecar.storage.sweep import sweep
from sidecar.storage.tables import instance
from sidecar.storage.trail import SqlTrail, Verdict
from sidecar.storage.vault import KeyRing, Vault

CREATE = "sidecar migrate up --create"
_RETRY_S = 5


@dataclass(frozen=True)
class SqlTransaction:
    """One unit of work on one connection; a repository is built when first asked for."""

    connection: AsyncConnection
    vault: Vault
    clock: Clock

    @cached_property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self.connection, self.clock)

    @cached_property
    def authenticators(self) -> SqlAuthenticators:
        return SqlAuthenticators(self.connection, self.vault)

    @cached_property
    def attempts(self) -> SqlAttempts:
        return SqlAttempts(self.connection, self.accounts)

    @cached_property
    def challenges(self) -> SqlChallenges:
        return SqlChallenges(self.connection, self.vault)

    @cached_property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self.connection)

    @cached_property
    def feed(self) -> SqlFeed:
        return SqlFeed(self.connection)

    @cached_property
    def invitations(self) -> SqlInvitations:
        return SqlInvitations(self.connection, self.clock)

    @cached_property
    def trail(self) -> SqlTrail:
        return SqlTrail(self.connection, self.vault)


class SqlStore:
    """A proven store; `open_store` makes it."""

    def __init__(self, path: Path, vault: Vault, clock: Clock) -> None:
        self._path = path
        self._vault = vault
        self._clock = clock
        self._file = _identity_of(path)
        self._writer = engine.writer(path)
        self._reader = engine.reader(path)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlTransaction]:
        """Open a transaction that writes; it commits at the end of the block, else rolls back."""
        async with _translated(self._writer) as connection:
            yield SqlTransaction(connection, self._vault, self._clock)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlTransaction]:
        """Open a transaction that sees one moment, only reads and never waits for writers."""
        async with _translated(self._reader) as connection:
            yield SqlTransaction(connection, self._vault, self._clock)

    async def ping(self) -> None:
        """The database answers, and is still the one that was proven.

        Raises:
            StoreUnavailable: it does not, or its file was removed or exchanged: what is written
                to a removed file is lost with the process.

        """
        if await asyncio.to_thread(_identity_of, self._path) != self._file:
            raise StoreUnavailable("the database file was removed or exchanged")
        async with _translated(self._reader) as connection:
            await connection.execute(select(instance.c.id))

    async def verify_trail(self) -> Verdict:
        """Return whether the audit trail is whole."""
        async with self.read() as transaction:
            return await transaction.trail.verify()

    async def sweep(self, now: datetime) -> int:
        """Return how many rows were removed that nothing can ask for any more."""
        async with _translated(self._writer) as connection:
            return await sweep(connection, now)

    async def close(self) -> None:
        """Every connection is closed; open transactions of other tasks must have ended."""
        await self._reader.dispose()
        await self._writer.dispose()


async def open_store(url: str, ring: KeyRing, clock: Clock) -> SqlStore:
    """Return the store at the URL after it proved itself; nothing is ever created.

    Raises:
        StoreUnproven: missing, empty, foreign, of another revision, or not opened by the keys.

    """
    path = engine.database_path(url)
    await asyncio.to_thread(_require_file, path)
    prober, writer = engine.prober(path), engine.writer(path)
    try:
        async with prober.begin() as connection:
            await _require_schema(connection)
            vault = await canary.prove(connection, ring)
            rotated = await canary.needs_adoption(connection, ring)
        if rotated:
            async with writer.begin() as connection:
                await canary.adopt(connection, vault, clock())
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnproven(f"{path} cannot be read as a database: {_cause(error)}") from error
    finally:
        await prober.dispose()
        await writer.dispose()
    return SqlStore(path, vault, clock)


async def _require_schema(connection: AsyncConnection) -> None:
    if not await canary.has_tables(connection):
        raise StoreUnproven("the database is empty", CREATE)
    schema.judge_revision(await schema.revision(connection))


def _require_file(path: Path) -> None:
    if not path.exists():
        raise StoreUnproven(f"there is no database at {path}", CREATE)
    if not path.is_file():
        raise StoreUnproven(f"{path} is not a file")
    if path.stat().st_size == 0 and not path.with_name(f"{path.name}-wal").exists():
        raise StoreUnproven(f"the database at {path} is empty", CREATE)


@asynccontextmanager
async def _translated(chosen: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run one transaction; whatever the driver raises leaves as `StoreUnavailable`.

    Broken constraints too: a bug must not pass for an answer such as "somebody was faster".
    """
    try:
        async with chosen.begin() as connection:
            yield connection
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(_cause(error), retry_after_s=_RETRY_S) from error


def _cause(error: Exception) -> str:
    """Return the driver's words without the statement and what it carried."""
    return str(error.orig) if isinstance(error, DatabaseError) else type(error).__name__


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
