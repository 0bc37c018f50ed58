"""Transactions that are begun and ended over the driver of PostgreSQL itself."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import StoreUnavailable
from sidecar.storage import driver
from sidecar.storage.database import Database, database
from sidecar.storage.transaction import transaction
from tests.postgres import Server

LOCK = "SELECT pg_advisory_xact_lock(7)"
_HELD = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7")
_TERMS = text(
    "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
)


@pytest.fixture
async def where(postgres: Server) -> AsyncIterator[Database]:
    async with postgres.empty() as url:
        yield database(url)


@pytest.fixture
async def connection(where: Database) -> AsyncIterator[AsyncConnection]:
    engine = where.writer()
    async with engine.connect() as opened:
        yield opened
    await engine.dispose()


async def held(connection: AsyncConnection) -> int:
    number: int = (await connection.execute(_HELD)).scalar_one()
    return number


async def test_what_is_said_first_holds_until_the_end(connection: AsyncConnection) -> None:
    """A lock taken together with BEGIN shows held, and no more once it is committed."""
    await driver.begin(connection, LOCK)
    assert await held(connection) == 1
    await driver.commit(connection)
    await connection.rollback()
    assert await held(connection) == 0


async def test_what_is_not_committed_is_rolled_back(connection: AsyncConnection) -> None:
    """A connection that is given back in the middle shows nothing held any more."""
    await driver.begin(connection, LOCK)
    await connection.rollback()
    assert await held(connection) == 0


@pytest.mark.parametrize(
    ("kind", "terms"),
    [("reader", ("repeatable read", "on")), ("writer", ("read committed", "off"))],
)
async def test_a_transaction_is_of_its_engines_kind(
    where: Database, kind: str, terms: tuple[str, str]
) -> None:
    """What a transaction may do shows what its engine is for."""
    engine = where.reader() if kind == "reader" else where.writer()
    async with transaction(engine) as opened:
        assert tuple((await opened.execute(_TERMS)).one()) == terms
    await engine.dispose()


async def test_what_fails_first_spoils_no_connection(where: Database) -> None:
    """Words that the server does not take show an error, and the next transaction works."""
    engine = where.writer()
    for _ in range(5):
        with pytest.raises(StoreUnavailable, match="UndefinedTableError"):
            async with transaction(engine, "SELECT 1 FROM nowhere"):
                pass
        async with transaction(engine, LOCK) as opened:
            assert await held(opened) == 1
    await engine.dispose()


async def test_a_lost_connection_is_not_replaced_unseen(connection: AsyncConnection) -> None:
    """What is said after the connection was lost shows an error, however often it is tried."""
    await driver.begin(connection, LOCK)
    driver.driver_of(connection).terminate()
    with pytest.raises(DBAPIError) as lost:
        await driver.say(connection, "SELECT 1")
    assert lost.value.connection_invalidated
    with pytest.raises(PendingRollbackError):
        await driver.commit(connection)


async def test_errors_carry_nothing_that_was_sent(connection: AsyncConnection) -> None:
    """A refused value shows in no word of the error."""
    await driver.begin(connection, "")
    used = driver.driver_of(connection)
    with pytest.raises(DBAPIError) as refused:
        await driver.told(connection, "SELECT", used.fetch("SELECT $1::int / 0", 4711))
    assert "4711" not in str(refused.value)
