"""One transaction from begin to end, whole even where its task is cancelled."""

import asyncio
import sqlite3
import ssl
from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.storage import driver
from sidecar.storage.faults import StoreUnproven

T = TypeVar("T")
Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]

_STATES = {
    **dict.fromkeys(("08", "53", "57P"), Unserved.UNREACHABLE),
    "55000": Unserved.UNREACHABLE,  # a database that takes no connections says so
    **dict.fromkeys(("57014", "25P03", "25P04"), Unserved.OVERDUE),
    **dict.fromkeys(("55P03", "40P01"), Unserved.CROWDED),
    "25006": Unserved.READ_ONLY,
}
"""What SQLSTATEs begin with: connection exceptions, insufficient resources, shutdown and start-up;
statements and transactions that took too long; locks; a server that takes no change."""
_CODES = {
    **dict.fromkeys((sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN), Unserved.UNREACHABLE),
    **dict.fromkeys((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED), Unserved.CROWDED),
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL), Unserved.READ_ONLY),
}
_LOST_THE_THREAD = "InternalClientError"
"""What asyncpg raises of a connection that was cut while it was being made."""
_CODE = 0xFF
"""The part of SQLite's extended codes that is the code."""

RETRY_S = 5
"""Told to clients while the database cannot be used."""
CROWDED_S = 2
"""Told to clients where it can, and others wait already."""


class WholeConnection(AsyncConnection):
    """A connection whose statements end before their task does."""

    __slots__ = ("loose",)

    def __init__(self, engine: AsyncEngine, *, loose: bool = False) -> None:
        """`loose`: statements are each for themselves, and nothing is begun or ended."""
        super().__init__(engine)
        self.loose = loose

    async def execute(
        self,
        statement: Executable,
        parameters: Parameters | None = None,
        *,
        execution_options: Mapping[str, object] | None = None,
    ) -> CursorResult[*tuple[Any, ...]]:
        """Return the buffered result of the statement."""
        work = super().execute(statement, parameters, execution_options=execution_options)
        return await self.finish(work)

    async def finish(self, work: Coroutine[object, object, T]) -> T:
        """Return what the work returns; a server that leaves us without an answer is left."""
        return await self._answered(_whole(work))

    async def straight(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the same of work that is the driver's alone, and needs no task of its own."""
        return await self._answered(unbroken(work))

    async def _answered(self, work: Awaitable[T]) -> T:
        """Whatever is sent after a silence, a rollback too, would wait without end."""
        try:
            return await work
        except (TimeoutError, asyncio.CancelledError) as ended:
            silent = ended if isinstance(ended, TimeoutError) else ended.__cause__
            if isinstance(silent, TimeoutError):
                await _whole(self.leave(silent))
            raise

    async def leave(self, why: BaseException) -> None:
        """The connection is given up; whoever keeps the pool is told why."""
        if self.sync_connection is not None and not self.invalidated:
            used = (await self.get_raw_connection()).driver_connection
            if used is not None and hasattr(used, "terminate"):
                used.terminate()  # sends nothing and waits for nothing
            await self.invalidate(why)


@asynccontextmanager
async def transaction(
    engine: AsyncEngine, first: str = "", *, loose: bool = False
) -> AsyncIterator[AsyncConnection]:
    """Run one transaction; it commits at the end of the block, else rolls back.

    What is to be said `first` goes to a server together with BEGIN. A loose one, which may only
    read, begins nothing: each statement sees the moment at which it comes.

    Connecting, each statement, committing and closing are finished before a cancellation goes on:
    SQLite keeps the write lock of a connection that was given up in the middle of a statement,
    half a connection leaks its thread, and a commit of unknown outcome could be taken for none.

    Raises:
        StoreUnavailable: whatever the driver raised. Broken constraints too: a bug must not pass
            for an answer such as "somebody was faster".

    """
    connection = WholeConnection(engine, loose=loose)
    try:
        try:
            await connection.finish(_begin(connection, first))
            yield connection
            await connection.finish(_end(connection))
        except DBAPIError as error:
            if why(error) is Unserved.READ_ONLY:
                await _whole(connection.leave(error))  # another server may have its part by now
            raise
        finally:
            if connection.sync_connection is not None and not connection.closed:
                await connection.finish(connection.close())
    except (SQLAlchemyError, OSError) as error:
        kept = error if _tellable(error) else None
        found = why(error)
        retry_s = CROWDED_S if found is Unserved.CROWDED else RETRY_S
        raise StoreUnavailable(cause(error), retry_after_s=retry_s, why=found) from kept


def cause(error: Exception) -> str:
    """Return the driver's words, without the statement and without what it carried."""
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    if not isinstance(error.orig, EmulatedDBAPIException):
        return str(error.orig)
    told = error.orig.driver_exception
    return f"{type(told).__name__}: {told}" if _tellable(error) else type(told).__name__


def unusable(place: str, error: Exception) -> StoreUnproven | StoreUnavailable:
    """Return what an error means for whoever opens the store: its server is away, or it is none."""
    message = f"{place} cannot be read: {cause(error)}"
    if why(error) is Unserved.UNREACHABLE:
        return StoreUnavailable(message, retry_after_s=RETRY_S, why=Unserved.UNREACHABLE)
    return StoreUnproven(message)


def why(error: Exception) -> Unserved:
    """Return what an error of the driver, or of the way to it, means for who waits for it."""
    if isinstance(error, NoneFree):
        return Unserved.CROWDED
    if not isinstance(error, DBAPIError):
        away = isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
        return Unserved.UNREACHABLE if away else Unserved.BROKEN
    if not isinstance(error.orig, EmulatedDBAPIException):
        code = getattr(error.orig, "sqlite_errorcode", None) or 0
        return _CODES.get(code & _CODE, Unserved.BROKEN)
    told = error.orig.driver_exception
    if type(told).__name__ == _LOST_THE_THREAD:
        return Unserved.UNREACHABLE
    state = str(getattr(told, "sqlstate", None) or "")
    fit = (meant for begin, meant in _STATES.items() if state.startswith(begin))
    return next(fit, Unserved.BROKEN)


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


async def _begin(connection: WholeConnection, first: str) -> None:
    await connection.start()
    if connection.loose:
        return  # a statement alone is whole, and what it read is of one moment
    if connection.dialect.name == "postgresql":
        await driver.begin(connection, first)
    else:
        await connection.begin()


async def _end(connection: WholeConnection) -> None:
    if connection.loose:
        pass
    elif connection.dialect.name == "postgresql":
        await driver.commit(connection)
    else:
        await connection.commit()
    await connection.close()


async def _whole(work: Coroutine[object, object, T]) -> T:
    """Return what the work returns; it is finished even if this task is cancelled meanwhile."""
    return await settled(asyncio.get_running_loop().create_task(work))


async def settled(task: asyncio.Future[T]) -> T:
    """Return what the task or future comes to; it is waited for through every cancellation."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if not task.cancelled():
                cancelled = error
        except BaseException:  # noqa: BLE001, S110 - the work's own, which its result tells
            pass
    if cancelled is not None:
        raise cancelled from task.exception()  # seen, so that the loop does not complain
    return task.result()


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Return the same as a task that is settled would, but run the work in this very task.

    For work that waits for nothing but futures, and never for a limit of its own time that
    cancels: what is cancelled here is whoever waits for the work.
    """
    cancelled: asyncio.CancelledError | None = None
    try:
        while True:
            awaited = work.send(None)
            while not awaited.done():
                try:
                    await _over(awaited)
                except asyncio.CancelledError as error:
                    cancelled = error
    except StopIteration as returned:
        if cancelled is not None:
            raise cancelled from None
        found: T = returned.value
        return found
    except Exception as failed:
        if cancelled is not None:
            raise cancelled from failed
        raise


async def _over(awaited: asyncio.Future[Any]) -> None:
    """The future has come to something; whoever is cancelled here does not cancel it."""
    turn = asyncio.get_running_loop().create_future()

    def come(_: object) -> None:
        if not turn.done():
            turn.set_result(None)

    awaited.add_done_callback(come)
    await turn
