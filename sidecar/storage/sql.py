"""The store on SQL: transactions and their repositories."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import StoreUnavailable
from sidecar.core.protocols import Clock
from sidecar.storage import canary, engine, revisions
from sidecar.storage.accounts import SqlAccounts
from sidecar.storage.attempts import SqlAttempts
from sidecar.storage.authenticators import SqlAuthenticators
from sidecar.storage.challenges import SqlChallenges
from sidecar.storage.contacts import SqlContacts
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.feed import SqlFeed
from sidecar.storage.invitations import SqlInvitations
from sidecar.storage.outbox import SqlOutbox
from sidecar.storage.sendings import SqlSendings
from sidecar.storage.sessions import SqlSessions
from sidecar.storage.sweep import sweep
from sidecar.storage.tables import instance
from sidecar.storage.trail import SqlTrail, Verdict
from sidecar.storage.transaction import cause, transaction
from sidecar.storage.trusted import SqlTrustedBrowsers
from sidecar.storage.vault import KeyRing, Vault

CREATE = "sidecar migrate up --create"


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
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self.connection, self.vault)

    @cached_property
    def sendings(self) -> SqlSendings:
        return SqlSendings(self.connection, self.vault.ring)

    @cached_property
    def contacts(self) -> SqlContacts:
        return SqlContacts(self.connection, self.vault)

    @cached_property
    def trusted(self) -> SqlTrustedBrowsers:
        return SqlTrustedBrowsers(self.connection)

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
        self._require_present()
        async with transaction(self._writer) as connection:
            yield SqlTransaction(connection, self._vault, self._clock)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlTransaction]:
        """Open a transaction that sees one moment, only reads and never waits for writers."""
        self._require_present()
        async with transaction(self._reader) as connection:
            yield SqlTransaction(connection, self._vault, self._clock)

    async def ping(self) -> None:
        """The database answers, and is still the one that was proven.

        Raises:
            StoreUnavailable: it does not, or its file was removed or exchanged.

        """
        async with self.read() as tx:
            await tx.connection.execute(select(instance.c.id))

    async def verify_trail(self) -> Verdict:
        """Return whether the audit trail is whole."""
        async with self.read() as tx:
            return await tx.trail.verify()

    async def sweep(self, now: datetime) -> int:
        """Return how many rows were removed that nothing can ask for any more."""
        async with transaction(self._writer) as connection:
            return await sweep(connection, now)

    def _require_present(self) -> None:
        """Return only while the file is the one that was proven.

        A removed file goes on working for whoever has it open, and everything written to it is
        lost with the process; reading it would hide that.
        """
        if _identity_of(self._path) != self._file:
            raise StoreUnavailable("the database file was removed or exchanged")

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
    reader, writer = engine.reader(path), engine.writer(path)
    try:
        async with reader.begin() as connection:
            await _require_schema(connection)
            vault = await canary.prove(connection, ring)
            rotated = await canary.needs_adoption(connection, ring)
        if rotated:
            async with writer.begin() as connection:
                await canary.adopt(connection, vault, clock())
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnproven(f"{path} cannot be read as a database: {cause(error)}") from error
    finally:
        await reader.dispose()
        await writer.dispose()
    await asyncio.to_thread(engine.use_wal, path)
    return SqlStore(path, vault, clock)


async def _require_schema(connection: AsyncConnection) -> None:
    if not await canary.has_tables(connection):
        raise StoreUnproven("the database is empty", CREATE)
    revisions.judge_revision(await revisions.revision(connection))


def _require_file(path: Path) -> None:
    if not path.exists():
        raise StoreUnproven(f"there is no database at {path}", CREATE)
    if not path.is_file():
        raise StoreUnproven(f"{path} is not a file")
    if path.stat().st_size == 0 and not path.with_name(f"{path.name}-wal").exists():
        raise StoreUnproven(f"the database at {path} is empty", CREATE)


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
