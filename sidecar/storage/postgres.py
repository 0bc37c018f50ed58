"""A store in a database of PostgreSQL, for several replicas."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import URL, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from sidecar.core.errors import StoreUnavailable
from sidecar.storage import canary
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.locks import MIGRATING, hold
from sidecar.storage.vault import Vault

HINT = "storage.database: postgresql+asyncpg://user:password@host:5432/sidecar"

READERS = 4
WRITERS = 4
"""Connections of one process, at most; they are made when first needed."""

WAIT_S = 10
"""How long a transaction waits for a connection, and for what others hold."""
STATEMENT_S = 15
"""After so long a statement is given up: longer than any wait, so that the wait is what is told."""
ABANDONED_S = 15
"""After so long the server ends a transaction that its process forgot, with all that it holds."""
MIGRATION_WAIT_S = 600
"""How long a migration waits for another process's, which may build indexes."""

_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'
"""
"""What is stronger stays: a server may commit on its replicas too (promise 8)."""

_KNOWN: Final = "sidecar.instance"


class PostgresDatabase:
    """A database of a server; whether it is there is found out by connecting."""

    def __init__(self, url: URL) -> None:
        if url.drivername not in {"postgresql+asyncpg", "postgresql", "postgres"}:
            raise StoreUnproven(f"{url.drivername} is not served; asyncpg is", HINT)
        if not url.database:
            raise StoreUnproven("the address names no database", HINT)
        self._url = url

    @property
    def place(self) -> str:
        host = self._url.query.get("host") or self._url.host or "this machine"
        port = f":{self._url.port}" if self._url.port else ""
        return f"the database {self._url.database} at {host}{port}"

    async def require(self) -> None:
        """Connecting tells whether it is there."""

    async def make(self) -> None:
        """The tables are ours to make; the database, its owner and its backups are not."""

    def reader(self) -> AsyncEngine:
        return _engine(self._url, READERS).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def writer(self) -> AsyncEngine:
        return _engine(self._url, WRITERS)

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that waits for other processes which migrate."""
        engine = _engine(self._url, 1, wait_s=MIGRATION_WAIT_S, statement_s=0)
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
        known = (await connection.get_raw_connection()).info
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
    url: URL, connections: int, *, wait_s: float = WAIT_S, statement_s: int = STATEMENT_S
) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg", query={}),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=WAIT_S,
        pool_pre_ping=True,  # after a restart of the server the first to come are served too
        hide_parameters=True,  # a failed statement's log line must not carry what it stored
        connect_args={
            **_way(url),
            "timeout": WAIT_S,
            "command_timeout": (statement_s or MIGRATION_WAIT_S) + WAIT_S,
            "server_settings": {
                "application_name": "sidecar",
                "lock_timeout": f"{wait_s}s",
                "statement_timeout": f"{statement_s}s",
                "idle_in_transaction_session_timeout": f"{ABANDONED_S}s",
            },
        },
    )

    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(_DURABLE)
        cursor.close()
        connection.commit()

    event.listen(engine.sync_engine, "connect", connected)
    return engine


def _way(url: URL) -> dict[str, object]:
    """Return what tells the driver how the server is reached: the words of the URL's query.

    Where a server must prove itself and no certificate says by whom, those that the machine trusts
    do; the driver would look for a file in somebody's home.
    """
    said = {word: str(value) for word, value in url.query.items()}
    if "ssl" in said:
        said.setdefault("sslmode", said.pop("ssl"))
    way: dict[str, object] = {"dsn": f"postgresql:///?{urlencode(said)}"}
    if said.get("sslmode") == "verify-full" and "sslrootcert" not in said:
        way["ssl"] = context = ssl.create_default_context()
        if "sslcert" in said:
            context.load_cert_chain(said["sslcert"], said.get("sslkey"))
    return way


async def _require_utf8(connection: AsyncConnection) -> None:
    """Return only where every name can be kept.

    Raises:
        StoreUnproven: the database was made with another encoding.

    """
    encoding = (await connection.execute(text("SHOW server_encoding"))).scalar_one()
    if encoding != "UTF8":
        raise StoreUnproven(f"the database keeps text as {encoding}", "make it with ENCODING UTF8")
