"""The port between the store and the kinds of databases that can hold it."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sidecar.storage.faults import StoreUnproven
from sidecar.storage.sqlite import HINT, DatabaseFile
from sidecar.storage.tuning import PATIENT, Tuning
from sidecar.storage.vault import Vault


class Database(Protocol):
    """One place that a store lies in, or may."""

    @property
    def place(self) -> str:
        """What messages call it; a password is no part of it."""
        ...

    async def require(self) -> None:
        """There is something that could be a store; nothing is ever made.

        Raises:
            StoreUnproven: there is not.

        """
        ...

    async def make(self) -> None:
        """There is at least an empty one, where this program may make it.

        Raises:
            StoreUnproven: it cannot.

        """
        ...

    def reader(self) -> AsyncEngine:
        """Return an engine whose transactions see one moment, cannot write and never wait."""
        ...

    def writer(self) -> AsyncEngine:
        """Return an engine whose transactions keep what they commit through a power cut."""
        ...

    def migrating(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open the one transaction, of all processes, that may move the schema."""
        ...

    async def settle(self) -> None:
        """What lies there now was proven: it is kept as a store is, and known again."""
        ...

    async def recognise(self, connection: AsyncConnection, vault: Vault) -> None:
        """The connection leads to what was proven.

        Raises:
            StoreUnavailable: to something else.

        """
        ...


def database(url: str, tuning: Tuning = PATIENT) -> Database:
    """Return the database that the URL names.

    Raises:
        StoreUnproven: it names none that can hold a store.

    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreUnproven("the database's address is not a URL", HINT) from None
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        from sidecar.storage.postgres import PostgresDatabase

        return PostgresDatabase(parsed, tuning)
    return DatabaseFile(parsed, tuning)
