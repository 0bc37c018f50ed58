"""One transaction from begin to end, whole even where its task is cancelled."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sidecar.core.errors import StoreUnavailable

T = TypeVar("T")
Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]

_PASSING = ("08", "53", "57P")
"""SQLSTATE classes: connection exceptions, insufficient resources, shutdown and start-up."""

RETRY_S = 5
"""Told to clients while the database cannot be used."""


class WholeConnection(AsyncConnection):
    """A connection whose statements end before their task does."""

    __slots__ = ()

    async def execute(
        self,
        statement: Executable,
        parameters: Parameters | None = None,
        *,
        execution_options: Mapping[str, object] | None = None,
    ) -> CursorResult[*tuple[Any, ...]]:
        """Return the buffered result of the statement."""
        work = super().execute(statement, parameters, execution_options=execution_options)
        return await _whole(work)


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run one transaction; it commits at the end of the block, else rolls back.

    Connecting, each statement, committing and closing are finished before a cancellation goes on:
    SQLite keeps the write lock of a connection that was given up in the middle of a statement,
    half a connection leaks its thread, and a commit of unknown outcome could be taken for none.

    Raises:
        StoreUnavailable: whatever the driver raised. Broken constraints too: a bug must not pass
            for an answer such as "somebody was faster".

    """
    connection = WholeConnection(engine)
    try:
        try:
            await _whole(_begin(connection))
            yield connection
            await _whole(connection.commit())
        finally:
            if connection.sync_connection is not None:
                await _whole(connection.close())
    except (SQLAlchemyError, OSError) as error:
        kept = error if _tellable(error) else None
        raise StoreUnavailable(cause(error), retry_after_s=RETRY_S) from kept


def cause(error: Exception) -> str:
    """Return the driver's words, without the statement and without what it carried."""
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    if not isinstance(error.orig, EmulatedDBAPIException):
        return str(error.orig)
    told = error.orig.driver_exception
    return f"{type(told).__name__}: {told}" if _tellable(error) else type(told).__name__


def may_pass(error: Exception) -> bool:
    """Tell whether the server could not be reached, or takes nobody now: it may in a moment."""
    if not isinstance(error, DBAPIError) or not isinstance(error.orig, EmulatedDBAPIException):
        return isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
    state = str(getattr(error.orig.driver_exception, "sqlstate", None) or "")
    return state.startswith(_PASSING)


def _tellable(error: Exception) -> bool:
    """Tell whether the driver's words carry nothing of what was stored.

    SQLite's never do. PostgreSQL's details name values; so does what the server, or the driver
    before it, says of a value that it does not take (class 22).
    """
    if not isinstance(error, DBAPIError) or not isinstance(error.orig, EmulatedDBAPIException):
        return True
    told = error.orig.driver_exception
    state = str(getattr(told, "sqlstate", None) or "22")
    return not state.startswith("22") and not getattr(told, "detail", None)


async def _begin(connection: AsyncConnection) -> None:
    await connection.start()
    await connection.begin()


async def _whole(work: Coroutine[object, object, T]) -> T:
    """Return what the work returns; it is finished even if this task is cancelled meanwhile."""
    task = asyncio.get_running_loop().create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # seen, so that the loop does not complain; the cancellation goes on
        raise cancelled
    return task.result()
