"""Transactions under cancellation and failure."""

import asyncio
import sqlite3
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asyncpg import InterfaceError, InternalClientError
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, IntegrityError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.ext.asyncio import AsyncEngine

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.storage import sqlite
from sidecar.storage.tables import canaries
from sidecar.storage.transaction import transaction, unbroken, why
from tests.conformance.stores import NOW, sqlite_file

ROW = {"sealed": "x", "created_at": NOW}


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = sqlite.writer(sqlite_file(tmp_path))
    yield made
    await made.dispose()


async def keys(writer: AsyncEngine) -> set[str]:
    async with transaction(writer) as connection:
        return set((await connection.execute(select(canaries.c.key_id))).scalars())


async def test_whoever_is_cancelled_knows_nothing_but_half_is_never_kept(
    writer: AsyncEngine,
) -> None:
    """Two rows written by tasks cancelled at any step show both or neither."""
    for turns in range(120):

        async def write(name: str) -> None:
            async with transaction(writer) as connection:
                await connection.execute(canaries.insert().values(key_id=f"{name}a", **ROW))
                await connection.execute(canaries.insert().values(key_id=f"{name}b", **ROW))

        task = asyncio.get_running_loop().create_task(write(f"{turns}."))
        for _ in range(turns // 4):
            await asyncio.sleep(0)
        await asyncio.sleep(turns % 4 * 0.001)
        task.cancel()
        await asyncio.wait({task})
        kept = {key for key in await keys(writer) if key.startswith(f"{turns}.")}
        assert kept in (set(), {f"{turns}.a", f"{turns}.b"})
        assert task.cancelled() or kept


async def test_cancelling_twice_still_finishes(writer: AsyncEngine) -> None:
    """A second cancellation while the first one waits shows the connection given back."""
    for turns in range(30):

        async def write() -> None:
            async with transaction(writer) as connection:
                await connection.execute(text("SELECT 1"))

        task = asyncio.get_running_loop().create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    async with asyncio.timeout(5):
        assert await keys(writer) == {"k1"}


async def test_the_drivers_words_leave_without_values(writer: AsyncEngine) -> None:
    """A broken constraint shows as unavailable, its cause kept, the stored value not."""
    with pytest.raises(StoreUnavailable) as failed:
        async with transaction(writer) as connection:
            await connection.execute(canaries.insert().values(key_id="k1", **ROW | {"sealed": "S"}))
    assert isinstance(failed.value.__cause__, IntegrityError)
    assert str(failed.value) == "UNIQUE constraint failed: key_canaries.key_id"
    assert "'S'" not in str(failed.value.__cause__)


def of_sqlite(code: int) -> DBAPIError:
    error = sqlite3.OperationalError("told")
    error.sqlite_errorcode = code
    return DBAPIError("a statement", {}, error)


def of_asyncpg(told: Exception) -> DBAPIError:
    return DBAPIError("a statement", {}, EmulatedDBAPIException("told", told))


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (ConnectionRefusedError(), Unserved.UNREACHABLE),
        (TimeoutError(), Unserved.UNREACHABLE),
        (ssl.SSLCertVerificationError(), Unserved.BROKEN),
        (NoneFree(), Unserved.CROWDED),
        (InvalidRequestError(), Unserved.BROKEN),
        (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), Unserved.CROWDED),
        (of_sqlite(sqlite3.SQLITE_FULL), Unserved.READ_ONLY),
        (of_sqlite(sqlite3.SQLITE_IOERR_READ), Unserved.UNREACHABLE),
        (of_sqlite(sqlite3.SQLITE_CONSTRAINT), Unserved.BROKEN),
        (DBAPIError("a statement", {}, ValueError()), Unserved.BROKEN),
        (of_asyncpg(InternalClientError("cut while it was made")), Unserved.UNREACHABLE),
        (of_asyncpg(InterfaceError("used in a wrong way")), Unserved.BROKEN),
    ],
)
def test_errors_are_told_apart(error: Exception, meant: Unserved) -> None:
    """Each kind of failure shows what it means for whoever waits; a wrong certificate no outage."""
    assert why(error) is meant


async def test_an_exception_of_the_block_passes_unchanged(writer: AsyncEngine) -> None:
    """What the caller raises shows as itself, and nothing of the block is kept."""

    async def fail() -> None:
        async with transaction(writer) as connection:
            await connection.execute(canaries.insert().values(key_id="k9", **ROW))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await keys(writer) == {"k1"}


async def answered(by: asyncio.Future[str]) -> str:
    return await by


async def test_work_without_a_task_outlasts_its_waiter() -> None:
    """Whoever is cancelled, even twice, shows so only once the work is done."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    waiter = loop.create_task(unbroken(answered(answer)))
    for _ in range(3):
        await asyncio.sleep(0)
        waiter.cancel()
    await asyncio.sleep(0)
    assert not waiter.done()
    assert not answer.done()
    answer.set_result("there")
    await asyncio.wait({waiter})
    assert waiter.cancelled()


async def test_work_without_a_task_ends_as_it_does() -> None:
    """What the work returns or raises shows, and behind a cancellation stands its failure."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    loop.call_soon(answer.set_result, "there")
    assert await unbroken(answered(answer)) == "there"
    silent: asyncio.Future[str] = loop.create_future()
    waiter = loop.create_task(unbroken(answered(silent)))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.sleep(0)
    silent.set_exception(TimeoutError())
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await waiter
    assert isinstance(cancelled.value.__cause__, TimeoutError)
    failing: asyncio.Future[str] = loop.create_future()
    failing.set_exception(LookupError())
    with pytest.raises(LookupError):
        await unbroken(answered(failing))
