"""A store in a database of PostgreSQL, for several replicas."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import URL, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from sidecar.core.errors import StoreUnavailable
from sidecar.storage import canary
from sidecar.storage.connections import Connections
from sidecar.storage.driver import info_of
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.locks import MIGRATING, hold
from sidecar.storage.reaching import Way, reached
from sidecar.storage.tuning import MIGRATION_WAIT_S, PATIENT, Tuning
from sidecar.storage.vault import Vault

HINT = "storage.database: postgresql+asyncpg://user:password@host:5432/sidecar"

_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'
"""
"""What is stronger stays: a server may commit on its replicas too (promise 8)."""

_READS: Final = "SET default_transaction_read_only = on"
"""What reads keeps to it even where no transaction says so."""

_KNOWN: Final = "sidecar.instance"


class PostgresDatabase:
    """A database of a server; whether it is there is found out by connecting."""

    def __init__(self, url: URL, tuning: Tuning = PATIENT) -> None:
        if url.drivername not in {"postgresql+asyncpg", "postgresql", "postgres"}:
            raise StoreUnproven(f"{url.drivername} is not served; asyncpg is", HINT)
        if not url.database:
            raise StoreUnproven("the address names no database", HINT)
        self._url, self._tuning = url, tuning
        self._way = reached(url)
        self._connections = Connections()

    @property
    def place(self) -> str:
        hosts = " or ".join(_named(host, port) for host, port in self._way.hosts)
        return f"the database {self._url.database} at {hosts or 'this machine'}"

    async def require(self) -> None:
        """Connecting tells whether it is there."""

    async def make(self) -> None:
        """The tables are ours to make; the database, its owner and its backups are not."""

    def reader(self) -> AsyncEngine:
        engine = self._engine(self._tuning.readers, _READS)
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def writer(self) -> AsyncEngine:
        return self._engine(self._tuning.writers, _DURABLE)

    def _engine(self, connections: int, terms: str) -> AsyncEngine:
        words = (self._way, connections, self._tuning, terms)
        return _engine(*words, leaving=self._connections)

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that waits for other processes which migrate."""
        engine = _engine(self._way, 1, Tuning(wait_s=MIGRATION_WAIT_S, statement_s=0))
        try:
            async with engine.begin() as connection:
                await hold(connection, MIGRATING)
                await _require_utf8(connection)
                yield connection
        finally:
            await engine.dispose()

    async def settle(self) -> None:
        """The server keeps it as it does."""

    async def recognise(self, connection: AsyncConnection, vault: Vault) -> None:
        """Each new connection leads to the instance that was proven.

        The name may lead to another server by now, or to a database that was made anew.
        """
        known = info_of(connection)
        if known.get(_KNOWN) == vault.instance:
            return
        try:
            found = await canary.instance_of(connection, vault.ring)
        except StoreUnproven as unproven:
            raise StoreUnavailable(str(unproven)) from unproven
        if found != vault.instance:
            raise StoreUnavailable("the database was exchanged")
        known[_KNOWN] = found


def _engine(
    way: Way,
    connections: int,
    tuning: Tuning,
    terms: str = _DURABLE,
    *,
    leaving: Connections | None = None,
) -> AsyncEngine:
    async def connect(*_told: object, **_more: object) -> object:
        return await way.connect(tuning)

    engine = create_async_engine(
        way.url.set(drivername="postgresql+asyncpg", query={}),
        async_creator=connect,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=tuning.wait_s,
        pool_use_lifo=True,  # in quiet times a few are used, and need not be asked first
        hide_parameters=True,  # a failed statement's log line must not carry what it stored
    )

    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(terms)
        cursor.close()
        connection.commit()

    event.listen(engine.sync_engine, "connect", connected)
    (leaving or Connections()).watch(engine)
    return engine


def _named(host: str, port: int) -> str:
    """Return a place as messages name it; a folder of sockets has no port."""
    return host if host.startswith("/") else f"{host}:{port}"


async def _require_utf8(connection: AsyncConnection) -> None:
    """Return only where every name can be kept.

    Raises:
        StoreUnproven: the database was made with another encoding.

    """
    encoding = (await connection.execute(text("SHOW server_encoding"))).scalar_one()
    if encoding != "UTF8":
        raise StoreUnproven(f"the database keeps text as {encoding}", "make it with ENCODING UTF8")
