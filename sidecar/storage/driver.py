"""What is given straight to the driver of PostgreSQL, and told as SQLAlchemy tells it.

A question to the server costs more than anything around it, and SQLAlchemy asks one for BEGIN
alone. Here a transaction begins together with the locks that it waits for.
"""

from collections.abc import Awaitable
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class Begun:
    """Stands where the adapter keeps a transaction of the driver, and ends as that does."""

    __slots__ = ("_driver",)

    def __init__(self, driver: Any) -> None:  # noqa: ANN401 - it has no types
        self._driver = driver

    async def commit(self) -> None:
        await self._driver.execute("COMMIT")

    async def rollback(self) -> None:
        await self._driver.execute("ROLLBACK")


async def begin(connection: AsyncConnection, first: str) -> None:
    """A transaction has begun, and what is to be said first was said: locks, one for all.

    Raises:
        SQLAlchemyError: as when SQLAlchemy begins it.

    """
    opened = _opened(connection)
    opened.begin()  # else a lost connection would be replaced unseen in the middle of it
    adapted = _adapted(opened)
    # Before it is said: whatever comes of that, the connection is rolled back before it is reused.
    adapted._transaction = Begun(adapted.driver_connection)  # noqa: SLF001 - it has no other way in
    await say(connection, f"{_beginning(adapted)};{first}")


def _beginning(adapted: Any) -> str:  # noqa: ANN401 - see `_adapted`
    """Return how a transaction of the engine's kind begins."""
    level = adapted.isolation_level
    words = ["BEGIN", "ISOLATION LEVEL", level.replace("_", " ")] if level else ["BEGIN"]
    return " ".join((*words, "READ ONLY") if adapted.readonly else words)


async def commit(connection: AsyncConnection) -> None:
    """The transaction is committed.

    Raises:
        SQLAlchemyError: as when SQLAlchemy commits it.

    """
    adapted = _adapted(_opened(connection))
    adapted._transaction = None  # noqa: SLF001 - whatever comes of it, it has ended
    await say(connection, "COMMIT")


async def say(connection: AsyncConnection, words: str) -> None:
    """The server was told something that nothing comes back for."""
    await told(connection, words, driver_of(connection).execute(words))


async def told(connection: AsyncConnection, text: str, work: Awaitable[T]) -> T:
    """Return what the driver answers; an error of its is raised as SQLAlchemy tells it."""
    try:
        return await work
    except (OSError, TimeoutError):
        raise
    except Exception as error:
        raised = await connection.run_sync(told_of, text, error)
        raise raised from error


def told_of(connection: Connection, text: str, error: Exception) -> BaseException:
    """Return what a driver raised, as if SQLAlchemy had called it."""
    adapted = _adapted(connection)
    try:
        adapted._handle_exception(error)  # noqa: SLF001 - the adapter's own words for it
    except connection.dialect.loaded_dbapi.Error as meant:
        return as_told(connection, text, meant)
    return error


def as_told(connection: Connection, text: str, error: Exception) -> BaseException:
    """Return the error as SQLAlchemy tells it; a connection that leads nowhere is not used again.

    What the statement carried is not told.
    """
    dialect, used = connection.dialect, connection.connection.dbapi_connection
    lost = dialect.is_disconnect(error, used, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        *(text, None, error, dialect.loaded_dbapi.Error),
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )


def driver_of(connection: AsyncConnection) -> Any:  # noqa: ANN401 - drivers have no types
    """Return the driver's own connection; None before it is opened."""
    opened = connection.sync_connection
    return None if opened is None else opened.connection.driver_connection


def info_of(connection: AsyncConnection) -> dict[Any, Any]:
    """Return what is remembered of the driver's connection for as long as that is used."""
    return _opened(connection).connection.info


def _opened(connection: AsyncConnection) -> Connection:
    opened = connection.sync_connection
    if opened is None:
        message = "the connection is not open"
        raise RuntimeError(message)
    return opened


def _adapted(opened: Connection) -> Any:  # noqa: ANN401 - the adapter has no public type
    return opened.connection.dbapi_connection
