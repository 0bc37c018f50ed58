"""The store on SQL: transactions and their repositories."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.feed import Bell
from sidecar.core.model import Person
from sidecar.core.protocols import Clock
from sidecar.core.stores import Sessions
from sidecar.storage import canary, revisions
from sidecar.storage.accounts import SqlAccounts
from sidecar.storage.attempts import SqlAttempts
from sidecar.storage.authenticators import SqlAuthenticators
from sidecar.storage.bell import StillBell
from sidecar.storage.challenges import SqlChallenges
from sidecar.storage.clients import SqlApiTokens
from sidecar.storage.contacts import SqlContacts
from sidecar.storage.database import Database, database
from sidecar.storage.directory import SqlDirectory
from sidecar.storage.faults import CREATE, StoreAbsent
from sidecar.storage.feed import SqlFeed
from sidecar.storage.invitations import SqlInvitations
from sidecar.storage.leases import SqlLeases
from sidecar.storage.locks import enter, entering
from sidecar.storage.outbox import SqlOutbox
from sidecar.storage.purposes import recall
from sidecar.storage.recoveries import SqlRecoveries
from sidecar.storage.replays import SqlReplays
from sidecar.storage.replicas import SqlReplicas
from sidecar.storage.sendings import SqlSendings
from sidecar.storage.sessions import SqlSessions
from sidecar.storage.shelf import Shelf, Work
from sidecar.storage.tables import instance
from sidecar.storage.trail import SqlTrail, Verdict
from sidecar.storage.transaction import transaction, unusable
from sidecar.storage.trusted import SqlTrustedBrowsers
from sidecar.storage.tuning import PATIENT, Tuning
from sidecar.storage.turns import Turns
from sidecar.storage.vault import KeyRing, Vault

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SqlTransaction:
    """One unit of work on one connection; a repository is built when first asked for."""

    work: Work
    shelf: Shelf | None = None
    """Keeps sessions elsewhere than in the rows."""
    people: tuple[Person, ...] = ()  # nobody: it happens alone, or only reads

    @property
    def connection(self) -> AsyncConnection:
        return self.work.connection

    @property
    def vault(self) -> Vault:
        return self.work.vault

    @property
    def clock(self) -> Clock:
        return self.work.clock

    @cached_property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self.connection, self.clock)

    @cached_property
    def authenticators(self) -> SqlAuthenticators:
        return SqlAuthenticators(self.connection, self.vault)

    @cached_property
    def attempts(self) -> SqlAttempts:
        return SqlAttempts(self.connection, self.people)

    @cached_property
    def challenges(self) -> SqlChallenges:
        return SqlChallenges(self.connection, self.vault)

    @cached_property
    def sessions(self) -> Sessions:
        return self.shelf.sessions(self.work) if self.shelf else SqlSessions(self.connection)

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

    @cached_property
    def directory(self) -> SqlDirectory:
        return SqlDirectory(self.connection, self.vault, self.clock)

    @cached_property
    def tokens(self) -> SqlApiTokens:
        return SqlApiTokens(self.connection, self.vault)

    @cached_property
    def replays(self) -> SqlReplays:
        return SqlReplays(self.connection, self.vault)

    @cached_property
    def recoveries(self) -> SqlRecoveries:
        return SqlRecoveries(self.connection, self.accounts)

    @cached_property
    def replicas(self) -> SqlReplicas:
        return SqlReplicas(self.connection, self.clock)

    @cached_property
    def leases(self) -> SqlLeases:
        return SqlLeases(self.connection)


class SqlStore:
    """A proven store; `open_store` makes it."""

    def __init__(
        self,
        where: Database,
        vault: Vault,
        clock: Clock,
        *,
        bell: Bell | None = None,
        shelf: Shelf | None = None,
        tuning: Tuning = PATIENT,
    ) -> None:
        self._where = where
        self._bell = bell or StillBell()
        self._shelf = shelf
        self._vault = vault
        self._clock = clock
        self._writer = where.writer()
        self._reader = where.reader()
        self._turns = Turns(tuning.wait_s)

    @property
    def vault(self) -> Vault:
        """What seals for this store."""
        return self._vault

    @property
    def ring(self) -> KeyRing:
        """The keys, with all that was kept of earlier ones."""
        return self._vault.ring

    @asynccontextmanager
    async def begin(self, *people: Person) -> AsyncIterator[SqlTransaction]:
        """Open a transaction that writes; it commits at the end of the block, else rolls back.

        Alone with what is the people's, or alone altogether; see `Store`.
        """
        first = ";".join(entering(people))
        async with self._turns.of(people), transaction(self._writer, first) as connection:
            await self._where.recognise(connection, self._vault)
            work = Work(connection, self._vault, self._clock, writes=True)
            opened = SqlTransaction(work, self._shelf, people)
            yield opened
        if opened.feed.grew:
            await self._bell.ring()
        for settle in work.afterwards:
            await settle()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlTransaction]:
        """Open a transaction that sees one moment, only reads and never waits for writers."""
        async with transaction(self._reader) as connection:
            await self._where.recognise(connection, self._vault)
            yield SqlTransaction(Work(connection, self._vault, self._clock), self._shelf)

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[SqlTransaction]:
        """Open what reads a single row or list, without a word more to the database than that."""
        async with transaction(self._reader, loose=True) as connection:
            await self._where.recognise(connection, self._vault)
            yield SqlTransaction(Work(connection, self._vault, self._clock), self._shelf)

    async def ping(self) -> None:
        """The database answers, and is still the one that was proven.

        Raises:
            StoreUnavailable: it does not, or it was removed or exchanged.

        """
        async with self.read() as tx:
            await tx.connection.execute(select(instance.c.id))

    async def verify_trail(self) -> Verdict:
        """Return whether the audit trail is whole."""
        async with self.read() as tx:
            return await tx.trail.verify()

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes beside all others, waiting for none that is about people.

        For chores, which lock the rows that they change and leave alone what others hold.
        """
        async with transaction(self._writer) as connection:
            await self._where.recognise(connection, self._vault)
            yield connection

    async def close(self) -> None:
        """Every connection is closed; open transactions of other tasks must have ended."""
        await self._reader.dispose()
        await self._writer.dispose()


async def open_store(
    url: str,
    ring: KeyRing,
    clock: Clock,
    *,
    bell: Bell | None = None,
    shelf: Shelf | None = None,
    tuning: Tuning = PATIENT,
    serves: bool = True,
) -> SqlStore:
    """Return the store at the URL after it proved itself; nothing is ever created.

    Whoever serves requests says how long they may wait; operators' commands are patient. What does
    not serve makes nothing with a key that no serving process has: it goes on with theirs.

    Raises:
        StoreUnproven: missing, empty, foreign, of another revision, or not opened by the keys.
        StoreUnavailable: its server does not answer now.

    """
    where = database(url, tuning)
    await where.require()
    reader, writer = where.reader(), where.writer()
    try:
        async with reader.begin() as connection:
            vault, rotated = await _proven(connection, where, ring, now=clock())
            present = await canary.sealing(connection)
        if not serves:
            vault = replace(vault, ring=ring.sealing_with(present))
        elif rotated:
            async with writer.begin() as connection:
                await enter(connection, ())
                await canary.adopt(connection, vault, clock())
    except (SQLAlchemyError, OSError) as error:
        raise unusable(where.place, error) from None
    finally:
        await reader.dispose()
        await writer.dispose()
    await where.settle()
    return SqlStore(where, vault, clock, bell=bell, shelf=shelf, tuning=tuning)


async def _proven(
    connection: AsyncConnection, where: Database, ring: KeyRing, *, now: datetime
) -> tuple[Vault, bool]:
    """Return the vault of a store that is ours, and whether it has to learn something of the keys.

    Raises:
        StoreUnproven: it is not.

    """
    if not await canary.has_tables(connection):
        raise StoreAbsent(f"{where.place} is empty", CREATE)
    schema = await revisions.schema_of(connection)
    revisions.judge_revision(schema)
    if schema.newer:
        _log.warning("schema.newer", found=schema.revision, known=revisions.REVISIONS[-1])
    vault = await canary.prove(connection, ring, now)
    await recall(connection, vault)
    return vault, await canary.needs_adoption(connection, ring, now)
