"""A process among others: what it reads counts only where the others wait for it."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Person
from sidecar.core.replicas import Beaten, Replica
from sidecar.core.stores import Store, Transaction
from sidecar.flows.beats import Beats
from tests.clock import ManualClock
from tests.unit.flows.scene import Scene, scene

ME = Replica("me", "here:1", "1.0", ("k1",))


async def known(here: Scene) -> list[Beaten]:
    async with here.store.read() as tx:
        return list(await tx.replicas.all())


async def test_it_is_known_before_it_reads(here: Scene) -> None:
    """A first reading shows the process known since before it, and trusted from then on."""
    here.flows.revocations.read_at = None
    here.flows.revocations.join(Beats(here.store, here.clock, ME))
    await here.flows.revocations.read()
    (row,) = await known(here)
    assert row.replica.id == "me"
    assert here.flows.revocations.current(here.clock())
    visit, _ = await here.enter()
    await here.flows.sessions.end_all(visit)
    await here.flows.revocations.read()
    (row,) = await known(here)
    assert row.replica.sequence == 1


async def test_after_a_silence_it_reads_once_more(here: Scene) -> None:
    """A process that was silent for longer than others wait shows two readings, so that what was
    told without it is known.
    """
    feed, readings = here.flows.revocations, 0
    feed.join(Beats(here.store, here.clock, ME))
    await feed.read()
    real = here.store.read

    def counted() -> object:
        nonlocal readings
        readings += 1
        return real()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(here.store, "read", counted)
        await feed.read()
        assert readings == 1
        here.clock.travel(seconds=4)
        await feed.read()
    assert readings == 3


async def test_a_slow_beat_counts_for_nothing(here: Scene) -> None:
    """Beats that each take longer than others may have waited show no trust in memory."""
    feed = here.flows.revocations
    feed.join(Beats(Slow(here.store, here.clock), here.clock, ME))
    with pytest.raises(StoreUnavailable):
        await feed.read()
    assert not feed.current(here.clock())


async def test_it_leaves(folder: Path) -> None:
    """A process that ends shows no row, and one whose database is away no failure."""
    async with scene(folder) as here:
        beats = Beats(here.store, here.clock, ME)
        await beats.announce()
        assert len(await known(here)) == 1
        await beats.leave()
        assert await known(here) == []
        (folder / "sidecar.db").unlink()
        await beats.leave()


async def test_the_dead_are_cleared_away_now_and_then(here: Scene) -> None:
    """A row of a process that was killed shows that it is gone a minute later."""
    await Beats(here.store, here.clock, Replica("dead", "x:1", "1.0", ("k1",))).announce()
    beats = Beats(here.store, here.clock, ME)
    for _ in range(4):
        await beats.beat(1)
        here.clock.travel(seconds=31)
    assert [row.replica.id for row in await known(here)] == ["me"]


class Slow:
    """A store whose transactions take two seconds."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.read, self.glance = store.read, store.glance
        self._store = store
        self._clock = clock

    def begin(self, *people: Person) -> AbstractAsyncContextManager[Transaction]:
        self._clock.travel(seconds=2)
        return self._store.begin(*people)
