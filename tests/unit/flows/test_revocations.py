"""The feed: what is revoked anywhere is forgotten everywhere."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import cast

import pytest
import structlog

from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Person, SessionId
from sidecar.core.outage import LASTS
from sidecar.core.replicas import TRUSTED_FOR
from sidecar.core.stores import Transaction
from sidecar.flows import revocations
from sidecar.flows.beats import Beats
from sidecar.flows.revocations import Revocations
from sidecar.storage.bell import StillBell
from sidecar.storage.feed import SqlFeed
from tests.unit.flows.scene import ADA, GRACE, Scene, scene

Told = list[tuple[Person | None, SessionId | None]]


def listening(here: Scene) -> tuple[Revocations, Told]:
    feed, told = Revocations(here.store, StillBell(), here.clock), []
    feed.listen(lambda person, session: told.append((person, session)))
    return feed, told


async def test_the_first_reading_forgets_everything_and_the_past(here: Scene) -> None:
    """A first reading shows all memory emptied and nothing of before repeated."""
    visit, _ = await here.enter()
    await here.flows.sessions.end_all(visit)
    feed, told = listening(here)
    assert not feed.current(here.clock())
    await feed.read()
    assert told == [(None, None)]
    assert feed.current(here.clock())


async def test_every_revocation_is_told_once_in_order(here: Scene) -> None:
    """Revocations of one session and of a person show up once each, in the order they happened."""
    feed, told = listening(here)
    await feed.read()
    (visit, _), (grace, _) = await here.enter(), await here.enter(GRACE)
    which = visit.require_session().id
    await here.flows.sessions.end(visit, which)
    await here.flows.sessions.end_all(grace)
    await feed.read()
    await feed.read()
    assert told[1:] == [(ADA, which), (GRACE, None)]
    assert feed.generation == 3


@pytest.mark.conforms("ASVS-7.4.1", "ASVS-7.4.2")
async def test_another_process_forgets_at_its_next_reading(folder: Path) -> None:
    """THREATS 46: ended and reset sessions show alive elsewhere until one reading, then dead."""
    async with scene(folder) as here, scene(folder, here.clock) as there:
        (visit, one), (_, two) = await here.enter(), await here.enter()
        assert await there.flows.sessions.recall(one)
        assert await there.flows.sessions.recall(two)
        await here.flows.sessions.end(visit, visit.require_session().id)
        await there.flows.revocations.read()
        assert await there.flows.sessions.recall(one) is None
        assert await there.flows.sessions.recall(two)
        await here.people.reset(ADA, "desk", "lost")
        await there.flows.revocations.read()
        assert await there.flows.sessions.recall(two) is None


async def test_trust_in_memory_ends_after_three_seconds(here: Scene) -> None:
    """The moment of the last reading shows how long memory may be trusted."""
    feed, _ = listening(here)
    await feed.read()
    here.clock.now += TRUSTED_FOR
    assert feed.current(here.clock())
    here.clock.travel(seconds=0.001)
    assert not feed.current(here.clock())


async def test_a_clock_set_back_lengthens_no_trust(here: Scene) -> None:
    """An hour less on the clock shows memory not trusted, until the feed is read again."""
    feed, _ = listening(here)
    await feed.read()
    here.clock.travel(hours=-1)
    assert not feed.current(here.clock())
    await feed.read()
    assert feed.current(here.clock())


async def test_following_outlives_an_outage(here: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreadable feed shows a warning and no trust; once readable, what was missed is told."""
    monkeypatch.setattr(revocations, "READ_EVERY_S", 0.001)
    feed, _ = listening(here)
    await feed.read()
    heard = asyncio.Event()
    feed.listen(lambda _person, _session: heard.set())
    tried = asyncio.Event()

    @asynccontextmanager
    async def down() -> AsyncIterator[Transaction]:
        tried.set()
        raise StoreUnavailable("gone")
        yield  # a generator, as the real one

    with structlog.testing.capture_logs() as logged, pytest.MonkeyPatch.context() as patch:
        patch.setattr(here.store, "read", down)
        following = asyncio.ensure_future(feed.follow())
        await tried.wait()
        here.clock.travel(seconds=4)
        assert not feed.current(here.clock())
        visit, _ = await here.enter()
        await here.flows.sessions.end_all(visit)
        patch.undo()
        async with asyncio.timeout(5):
            await heard.wait()
    assert feed.current(here.clock())
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert [line["event"] for line in logged] == ["revocations.unreadable"]


async def test_a_reading_that_was_overtaken_takes_nothing_for_lost(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading that began before a revocation and ends after another one of it shows that
    revocation alone, and not a feed that fell back: nobody else's WebSocket is cut.
    """
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_feed: SqlFeed) -> None:
        if not asked.is_set():
            asked.set()
            await go_on.wait()

    (visit, _), (feed, told) = await here.enter(), listening(here)
    await here.flows.sessions.end_all((await here.enter(GRACE))[0])
    await feed.read()
    monkeypatch.setattr(SqlFeed, "time", slow)
    overtaken = asyncio.ensure_future(feed.read())
    await asked.wait()
    await here.flows.sessions.end_all(visit)
    await feed.read()
    go_on.set()
    await overtaken
    assert told[1:] == [(ADA, None)]


async def test_nothing_runs_unheard_of_for_long(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed that cannot be read for five minutes shows everything ended that runs for sessions:
    whatever was revoked meanwhile, at a replica that can, must not run on here.
    """
    monkeypatch.setattr(revocations, "READ_EVERY_S", 0.001)
    feed, told = listening(here)
    await feed.read()
    tries: asyncio.Queue[None] = asyncio.Queue()

    @asynccontextmanager
    async def down() -> AsyncIterator[Transaction]:
        tries.put_nowait(None)
        raise StoreUnavailable("gone")
        yield  # a generator, as the real one

    monkeypatch.setattr(here.store, "read", down)
    following = asyncio.ensure_future(feed.follow())
    here.clock.now += LASTS
    for _ in range(3):
        await tries.get()
    assert told == [(None, None)]
    here.clock.travel(seconds=1)
    for _ in range(3):
        await tries.get()
    assert told[1:]
    assert {*told} == {(None, None)}
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


async def test_what_is_heard_of_runs_on(here: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that takes no change, so that nobody is told that this process lives, shows no
    memory trusted, and nothing ended for that: the feed is heard all the same.
    """
    monkeypatch.setattr(revocations, "READ_EVERY_S", 0.001)
    tries: asyncio.Queue[None] = asyncio.Queue()

    class Silenced:
        async def announce(self) -> None:
            """Told before the database took no more."""

        async def beat(self, _sequence: int) -> bool:
            if feed.read_at is None:
                return True
            tries.put_nowait(None)
            raise StoreUnavailable("read-only")

    feed, told = listening(here)
    feed.join(cast("Beats", Silenced()))
    await feed.read()
    following = asyncio.ensure_future(feed.follow())
    here.clock.travel(minutes=6)
    for _ in range(5):
        await tries.get()
    assert not feed.current(here.clock())
    assert told == [(None, None)]
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


async def test_a_reading_that_breaks_otherwise_is_not_swallowed(here: Scene) -> None:
    """A fault that is no outage shows that following ends with it, so that the process does too."""
    feed, _ = listening(here)

    def broken(_person: object, _session: object) -> None:
        raise LookupError("a bug")

    feed.listen(broken)
    with pytest.raises(LookupError):
        await feed.follow()


async def test_a_database_that_fell_back_is_read_anew(folder: Path) -> None:
    """A replica took over that lacks the last rows; shows all memory emptied, rows told whose
    numbers were given before, and a line of the log.
    """
    async with scene(folder) as here:
        visit, _ = await here.enter()
        await here.flows.sessions.end_all(visit)
        feed, told = listening(here)
        await feed.read()
        with closing(sqlite3.connect(folder / "sidecar.db")) as raw, raw:
            raw.execute("DELETE FROM revocations")
            raw.execute("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'revocations'")
        with structlog.testing.capture_logs() as logged:
            await feed.read()
        assert [line["event"] for line in logged] == ["revocations.shorter"]
        visit, _ = await here.enter()
        await here.flows.sessions.end_all(visit)
        await feed.read()
        assert told == [(None, None), (None, None), (ADA, None)]
