"""The port `Replicas`, on every store: who lives, and how far everybody has read."""

from dataclasses import replace
from datetime import timedelta

from sidecar.core.replicas import GONE_AFTER, REMOVED_AFTER, TRUSTED_FOR, Replica
from sidecar.core.stores import APART
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import NOW, Travel

ONE = Replica("one", "pod-1:7", "1.0", ("k2", "k1"))
TWO = Replica("two", "pod-2:7", "1.0", ("k2",))
QUERY = "UPDATE replicas SET beat_at = beat_at - interval '{} milliseconds' WHERE id = '{}'"


async def beat(store: SqlStore, replica: Replica, sequence: int = 0) -> bool:
    async with store.begin(APART) as tx:
        return await tx.replicas.beat(replace(replica, sequence=sequence))


async def read_by_all(store: SqlStore, but: Replica) -> int | None:
    async with store.read() as tx:
        return await tx.replicas.read_by_all(but=but.id)


async def age(store: SqlStore, clock: Travel, which: Replica, length: timedelta) -> None:
    """So much time passes for one process: on a server, which has its own, its row grows older."""
    async with store.begin(APART) as tx:
        if tx.connection.dialect.name == "postgresql":
            milliseconds = length // timedelta(milliseconds=1)
            await tx.connection.exec_driver_sql(QUERY.format(milliseconds, which.id))
            return
    clock.forward(milliseconds=length // timedelta(milliseconds=1))


async def test_a_new_process_was_not_waited_for(store: SqlStore) -> None:
    """A first beat shows that nobody knew of the process; the next one that it is known."""
    assert not await beat(store, ONE)
    assert await beat(store, ONE, 5)
    async with store.read() as tx:
        (known,) = await tx.replicas.all()
    assert known.replica == replace(ONE, sequence=5)
    assert known.live
    assert abs(known.age) < timedelta(seconds=30)  # the machine may be busy


async def test_a_silent_process_is_not_waited_for(store: SqlStore, clock: Travel) -> None:
    """A process without a beat for longer than memory is trusted shows that its next one finds
    nobody who waited; a little later nobody does.
    """
    await beat(store, ONE, 3)
    await beat(store, TWO, 9)
    assert await read_by_all(store, TWO) == 3
    await age(store, clock, ONE, TRUSTED_FOR + timedelta(milliseconds=1))
    await beat(store, TWO, 9)
    assert not await beat(store, ONE, 4)
    assert await beat(store, ONE, 4)
    await age(store, clock, ONE, GONE_AFTER)
    await beat(store, TWO, 9)
    assert await read_by_all(store, TWO) is None
    async with store.read() as tx:
        assert {one.replica.id: one.live for one in await tx.replicas.all()} == {
            "one": False,
            "two": True,
        }


async def test_the_slowest_reader_counts(store: SqlStore) -> None:
    """The lowest number among the others shows up to where everybody has read; alone there is no
    such number.
    """
    assert await read_by_all(store, ONE) is None
    await beat(store, ONE, 9)
    assert await read_by_all(store, ONE) is None
    await beat(store, TWO, 7)
    await beat(store, replace(ONE, id="three"), 8)
    assert await read_by_all(store, ONE) == 7
    async with store.begin(APART) as tx:
        await tx.replicas.leave(TWO.id)
    assert await read_by_all(store, ONE) == 8


async def test_the_dead_are_forgotten(store: SqlStore, clock: Travel) -> None:
    """A row a minute old shows that it is cleared away, a live one that it stays."""
    await beat(store, ONE)
    await age(store, clock, ONE, REMOVED_AFTER + timedelta(seconds=1))
    await beat(store, TWO)
    async with store.begin(APART) as tx:
        await tx.replicas.clear()
    async with store.read() as tx:
        assert [one.replica.id for one in await tx.replicas.all()] == ["two"]


async def test_what_is_told_comes_with_the_feed(store: SqlStore) -> None:
    """A row of handovers shows its number and marks, among revocations and by its moment."""
    async with store.begin(APART) as tx:
        number = await tx.feed.tell("marks", NOW)
    async with store.read() as tx:
        (row,) = await tx.feed.since(number - 1)
        assert (row.kind, row.person, row.marks) == ("handovers", None, "marks")
        assert await tx.feed.told(NOW) == (row,)
        assert await tx.feed.told(NOW + timedelta(seconds=1)) == ()


async def test_a_server_tells_its_time(store: SqlStore) -> None:
    """A server shows its own clock, a file none."""
    async with store.read() as tx:
        told = await tx.feed.time()
        server = tx.connection.dialect.name == "postgresql"
    assert (told is not None) == server
    assert told is None or told.utcoffset() == timedelta()
