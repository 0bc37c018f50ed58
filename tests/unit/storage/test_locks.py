"""Who waits for whom on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sidecar.core.model import Person
from sidecar.core.stores import APART
from sidecar.storage.database import database
from sidecar.storage.locks import LEDGER, enter, hold
from tests.conformance.stores import ADA, TWIN
from tests.postgres import Server

_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")

MANY = tuple(Person("app", f"person-{number}") for number in range(2000))

Taking = Callable[[AsyncConnection], Awaitable[None]]


@pytest.fixture
async def engine(postgres: Server) -> AsyncIterator[AsyncEngine]:
    async with postgres.empty() as url:
        made = database(url).writer()
        yield made
        await made.dispose()


def about(*people: Person) -> Taking:
    return lambda connection: enter(connection, people)


def holding(what: str) -> Taking:
    return lambda connection: hold(connection, what)


async def waits(engine: AsyncEngine, first: Taking, then: Taking) -> bool:
    """Tell whether the second transaction waits for the end of the first one."""
    ended: list[str] = []

    async def second() -> None:
        async with engine.begin() as connection:
            await then(connection)
            ended.append("second")

    async with asyncio.TaskGroup() as tasks, engine.begin() as connection:
        await first(connection)
        await first(connection)  # nobody waits for themselves
        task = tasks.create_task(second())
        while not task.done() and not (await connection.execute(_WAITING)).scalar_one():  # noqa: ASYNC110 - on the other side of a wire
            await asyncio.sleep(0.001)
        ended.append("first")
    return ended == ["first", "second"]


@pytest.mark.parametrize(
    ("first", "then", "waiting"),
    [
        (about(ADA), about(ADA), True),
        (about(ADA), about(TWIN), False),
        (about(ADA), about(TWIN, ADA), True),
        (about(ADA), about(*MANY, ADA), True),
        (about(*MANY, ADA), about(ADA), True),
        (about(TWIN), about(*MANY, ADA), False),
        (about(ADA), about(APART), False),
        (about(APART), about(APART), False),
        (about(ADA), about(), True),
        (about(), about(ADA), True),
        (about(), about(APART), True),
        (holding(LEDGER), holding(LEDGER), True),
        (holding(LEDGER), about(ADA), False),
    ],
)
async def test_those_wait_who_would_disturb_each_other(
    engine: AsyncEngine, first: Taking, then: Taking, *, waiting: bool
) -> None:
    """Transactions about one person show one after the other, about two side by side; one about
    nobody in particular waits for all, and all for it.
    """
    assert await waits(engine, first, then) is waiting


async def test_two_who_need_the_same_two_do_not_wait_for_each_other(engine: AsyncEngine) -> None:
    """Several people, named in either order by many at once, show all done."""

    async def all_of(*people: Person) -> None:
        async with engine.begin() as connection:
            await enter(connection, people)

    few, more = (ADA, TWIN), (ADA, TWIN, *MANY[:9])
    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            for people in (few, few[::-1], more, more[::-1]):
                tasks.create_task(all_of(*people))
