"""Statements that are spelled once, on the databases that hold a store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage.columns import Utc, of_whom, whom
from sidecar.storage.database import database
from sidecar.storage.tables import accounts
from sidecar.storage.written import Statement, Written, say
from tests.conformance.stores import ADA, NOW, TWIN, sqlite_file, url_of
from tests.postgres import Server

ROW = {"realm": "app", "subject": "ada", "enabled": True, "epoch": 3, "created_at": NOW}
ADDED = Written(insert(accounts), sets=tuple(ROW))
FOUND = Written(select(accounts.c.epoch, accounts.c.created_at).where(of_whom(accounts)))


@pytest.fixture(params=["sqlite", "postgres"])
async def connection(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[AsyncConnection]:
    if request.param == "sqlite":
        async with _opened(url_of(sqlite_file(tmp_path))) as opened:
            yield opened
        return
    server: Server = request.getfixturevalue("postgres")
    async with server.store() as url, _opened(url) as opened:
        yield opened


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[AsyncConnection]:
    engine = database(url).writer()
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def test_values_go_and_come_as_their_columns_have_them(connection: AsyncConnection) -> None:
    """A row shows itself found by its person, with its moment aware; another person shows none."""
    assert (await ADDED.on(connection, ROW)).number == 1
    found = await FOUND.on(connection, whom(ADA))
    assert (found.one().epoch, found.one().created_at) == (3, NOW)
    assert (await FOUND.on(connection, whom(TWIN))).one_or_none() is None


async def test_what_is_changed_is_counted_or_returned(connection: AsyncConnection) -> None:
    """A change shows how many rows it was about, and the rows where they are asked for."""
    await ADDED.on(connection, ROW)
    counted = Written(update(accounts).where(of_whom(accounts)), sets=("epoch",))
    assert (await counted.on(connection, {**whom(ADA), "epoch": 4})).number == 1
    assert (await counted.on(connection, {**whom(TWIN), "epoch": 4})).number == 0
    returning = update(accounts).where(of_whom(accounts)).returning(accounts.c.epoch)
    returned = Written(returning, sets=("epoch",))
    assert (await returned.on(connection, {**whom(ADA), "epoch": 5})).one().epoch == 5


async def test_values_of_the_statement_itself_stay(connection: AsyncConnection) -> None:
    """Constants in a statement show their types used as well, each time."""
    await ADDED.on(connection, ROW)
    later = Written(
        select(func.count().label("number")).where(
            accounts.c.created_at > NOW - timedelta(days=1),
            accounts.c.created_at < bindparam("until", type_=Utc()),
        )
    )
    for until, number in ((NOW, 0), (NOW + timedelta(days=1), 1)):
        assert (await later.on(connection, {"until": until})).one().number == number


async def test_a_broken_constraint_is_told_without_what_was_sent(
    connection: AsyncConnection,
) -> None:
    """The same row twice shows the error that SQLAlchemy raises, and no value in its words."""
    await ADDED.on(connection, ROW)
    with pytest.raises(IntegrityError) as broken:
        await ADDED.on(connection, ROW)
    assert "2026" not in str(broken.value)
    assert not broken.value.connection_invalidated


async def test_a_statement_is_spelled_once(connection: AsyncConnection) -> None:
    """What makes a statement for a dialect shows one call, however often it is executed."""
    asked: list[str] = []

    def made(dialect: str) -> Statement:
        asked.append(dialect)
        return select(accounts.c.epoch)

    written = Written(made)
    for _ in range(3):
        await written.on(connection)
    assert asked == [connection.dialect.name]


@pytest.mark.parametrize("values", [{}, {**whom(ADA), "more": 1}, {"of_realm": "app"}])
async def test_values_are_those_that_it_has(
    connection: AsyncConnection, values: dict[str, object]
) -> None:
    """A value too few or too many shows an error, and nothing is executed."""
    with pytest.raises((ValueError, KeyError)):
        await FOUND.on(connection, values)


async def test_what_is_only_said_fails_alike(connection: AsyncConnection) -> None:
    """Words that the database does not take show an error of SQLAlchemy's."""
    await connection.run_sync(lambda sync: say(sync, "SELECT 1"))
    with pytest.raises(DBAPIError):
        await connection.run_sync(lambda sync: say(sync, "SELECT 1 FROM nowhere"))
