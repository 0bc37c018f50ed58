"""Telling every replica: nothing goes on before all that live have heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from sidecar.core.errors import StoreUnavailable
from sidecar.core.handovers import RENEWED_EVERY, Handover, read
from sidecar.core.replicas import Replica
from sidecar.core.stores import APART, Transaction
from sidecar.flows import handovers
from sidecar.flows.handovers import Handovers
from tests.unit.flows.scene import Scene

OTHER = Replica("other", "there:1", "1.0", ("k1",))
MARKS = frozenset({b"abcd"})


@dataclass
class Telling:
    """One process that tells, and another one whose row the test writes."""

    here: Scene
    handovers: Handovers
    seen: list[str] = field(default_factory=list)

    async def rows(self) -> list[Handover]:
        async with self.here.store.read() as tx:
            return [one for row in await tx.feed.since(0) for one in read(row.marks)[1]]

    async def heard(self, sequence: int) -> None:
        """The other process has read so far."""
        async with self.here.store.begin(APART) as tx:
            await tx.replicas.beat(Replica("other", "there:1", "1.0", ("k1",), sequence))

    async def until_told(self, count: int) -> list[Handover]:
        async with asyncio.timeout(10):
            while len(found := await self.rows()) < count:  # noqa: ASYNC110 - another task writes
                await asyncio.sleep(0.002)
            return found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handovers, "GATHERED_S", 0.001)
    monkeypatch.setattr(handovers, "RETRIED_EVERY_S", 0.005)
    monkeypatch.setattr(handovers, "LOOKED_EVERY_S", (0.001, 0.005))


@pytest.fixture
async def telling(here: Scene) -> AsyncIterator[Telling]:
    made = Telling(here, Handovers(here.store, here.clock, by="board", replica="me"))
    async with working(made.handovers):
        yield made


@asynccontextmanager
async def working(told: Handovers) -> AsyncIterator[None]:
    work = asyncio.ensure_future(told.work())
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def test_it_waits_for_whoever_lives(telling: Telling) -> None:
    """A sign-in shows that it waits until the other process has read of it, and is told over."""
    await telling.heard(0)
    begun = asyncio.ensure_future(telling.handovers.begin(MARKS))
    (told,) = await telling.until_told(1)
    assert (told.marks, told.over) == (MARKS, False)
    await asyncio.sleep(0.02)
    assert not begun.done()
    await telling.heard(1)
    over = await asyncio.wait_for(begun, 10)
    over()
    assert [one.over for one in await telling.until_told(2)] == [False, True]


async def test_alone_it_waits_for_nobody(telling: Telling) -> None:
    """A process without others shows that it goes on once it has told."""
    over = await asyncio.wait_for(telling.handovers.begin(MARKS), 10)
    assert len(await telling.rows()) == 1
    over()


async def test_a_silent_process_is_waited_for_no_longer(telling: Telling) -> None:
    """A process that died shows that a sign-in goes on once it is taken for gone."""
    await telling.heard(0)
    begun = asyncio.ensure_future(telling.handovers.begin(MARKS))
    await telling.until_told(1)
    telling.here.clock.travel(seconds=4)
    await asyncio.wait_for(begun, 10)


async def test_many_at_once_are_one_row(telling: Telling) -> None:
    """Fifty sign-ins at once show few rows."""
    await asyncio.gather(*(telling.handovers.begin(MARKS) for _ in range(50)))
    async with telling.here.store.read() as tx:
        assert len(await tx.feed.since(0)) <= 3
    assert len(await telling.rows()) == 50


async def test_a_long_one_is_told_again(telling: Telling) -> None:
    """A sign-in that takes its time shows that it is told again before others let go."""
    over = await asyncio.wait_for(telling.handovers.begin(MARKS), 10)
    telling.here.clock.now += RENEWED_EVERY
    one, again = await telling.until_told(2)
    assert (one.id, again.over) == (again.id, False)
    over()
    telling.here.clock.now += RENEWED_EVERY
    assert [one.over for one in await telling.until_told(3)] == [False, False, True]
    await asyncio.sleep(0.02)
    assert len(await telling.rows()) == 3


async def test_what_only_shows_afterwards_is_told_afterwards(telling: Telling) -> None:
    """Something that happened shows as over, and nobody waited."""
    telling.handovers.happened(MARKS)
    assert [one.over for one in await telling.until_told(1)] == [True]


async def test_whoever_gives_up_leaves_nothing_open(telling: Telling) -> None:
    """A visitor who hangs up while others are waited for shows the end of it told."""
    await telling.heard(0)
    begun = asyncio.ensure_future(telling.handovers.begin(MARKS))
    await telling.until_told(1)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert [one.over for one in await telling.until_told(2)] == [False, True]


async def test_the_end_of_a_process_is_told(here: Scene) -> None:
    """A process that stops in the middle shows the end of what it had begun."""
    told = Handovers(here.store, here.clock, by="board", replica="me")
    async with working(told):
        over = await asyncio.wait_for(told.begin(MARKS), 10)
        over()
    assert [one.over for one in await Telling(here, told).rows()] == [False, True]


async def test_what_cannot_be_told_does_not_begin(telling: Telling) -> None:
    """A database that is away shows a refusal; ends are told once it is back."""
    over = await asyncio.wait_for(telling.handovers.begin(MARKS), 10)

    @asynccontextmanager
    async def down(*_people: object) -> AsyncIterator[Transaction]:
        raise StoreUnavailable("gone")
        yield  # a generator, as the real one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling.here.store, "begin", down)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(telling.handovers.begin(MARKS), 10)
        over()
        await asyncio.sleep(0.01)
    ends = [one.over for one in await telling.until_told(3)]
    assert ends == [False, True, True]


async def test_whoever_does_not_read_is_not_passed_over(
    telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that lives and does not read shows that the sign-in is refused in the end."""
    monkeypatch.setattr(handovers, "PATIENCE_S", 0.02)
    await telling.heard(0)
    with pytest.raises(StoreUnavailable, match="does not read"):
        await asyncio.wait_for(telling.handovers.begin(MARKS), 10)


async def test_others_that_cannot_be_looked_at_are_not_passed_over(telling: Telling) -> None:
    """A database that goes away while others are waited for shows a refusal."""

    @asynccontextmanager
    async def down() -> AsyncIterator[Transaction]:
        raise StoreUnavailable("gone")
        yield  # a generator, as the real one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling.here.store, "read", down)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(telling.handovers.begin(MARKS), 10)
