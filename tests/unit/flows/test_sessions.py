"""Sessions: opened, recalled, raised, dropped and ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.endings import Ending
from sidecar.core.errors import NotFound, TooManyAttempts
from sidecar.core.model import SessionStatus
from sidecar.core.stores import Transaction
from sidecar.flows.kit import SESSIONS_OPENED, SessionTimes
from sidecar.flows.sessions import TOUCHED_EVERY
from sidecar.storage.sql import SqlStore
from tests.unit.flows.scene import ADA, GRACE, Scene, scene


@asynccontextmanager
async def unreadable(store: SqlStore) -> AsyncIterator[None]:
    """Nothing may be read from the store inside the block: what is answered is from memory."""

    @asynccontextmanager
    async def read() -> AsyncIterator[Transaction]:
        raise AssertionError("the store was asked")
        yield  # a generator, as the real one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "read", read)
        patch.setattr(store, "glance", read)
        yield


async def alive(here: Scene, token: str) -> bool:
    return await here.flows.sessions.recall(token) is not None


@pytest.mark.conforms("ASVS-7.2.3", "ASVS-7.2.1")
async def test_a_session_is_found_by_its_token_only(here: Scene) -> None:
    """A token shows its session; made-up, cut and changed ones show none, at no cost."""
    visit, token = await here.enter()
    assert await here.flows.sessions.recall(token) == visit.session
    async with unreadable(here.store):
        for forged in ("", "x", token[:-1], token[::-1], token + "A", "A" * len(token), "é"):
            assert await here.flows.sessions.recall(forged) is None


async def test_a_new_session_is_pending_and_says_little(here: Scene) -> None:
    """A session just opened shows no proof, a shortened address and a bounded browser name."""
    visit = replace(here.stranger(), user_agent="x" * 999)
    session = (await here.flows.sessions.open(visit)).session
    assert (session.status, session.proofs) == (SessionStatus.PENDING, ())
    assert len(session.user_agent) == 200
    assert "192.0.2.77" not in repr(session)


async def test_so_many_are_opened_an_hour_and_known_browsers_apart(here: Scene) -> None:
    """THREATS 57: a stranger who opened all they may shows the known browser unhindered."""
    for _ in range(SESSIONS_OPENED.limit):
        await here.enter()
    with pytest.raises(TooManyAttempts):
        await here.enter()
    await here.enter(known=True)
    await here.enter(GRACE)
    here.clock.travel(hours=1)
    await here.enter()


# -- time --------------------------------------------------------------------------------------


@pytest.mark.conforms("ASVS-7.3.1")
async def test_idleness_ends_it_unless_touched(here: Scene) -> None:
    """An hour and a second without activity shows it over; a touch half-way shows it alive."""
    (visit, touched), (_, idle) = await here.enter(), await here.enter()
    here.clock.travel(minutes=30)
    await here.flows.sessions.touch(visit.require_session())
    here.clock.travel(minutes=30)
    assert await alive(here, idle)
    here.clock.travel(seconds=1)
    assert not await alive(here, idle)
    assert await alive(here, touched)
    assert [one.id for one in await here.flows.sessions.of(visit)] == [visit.require_session().id]


@pytest.mark.conforms("ASVS-7.3.2")
async def test_a_lifetime_is_not_prolonged(folder: Path) -> None:
    """A session touched and proven all day shows that it is over after its lifetime."""
    times = SessionTimes(timedelta(hours=10), timedelta(hours=24))
    async with scene(folder, times=times) as here:
        visit, phone = await here.enroll()
        visit, token = await here.enter()
        for _ in range(7):
            here.clock.travel(hours=3)
            await here.flows.sessions.touch(visit.require_session())
            assert await alive(here, token)
        visit = await here.prove(visit, phone)
        assert await alive(here, token)
        here.clock.travel(hours=3)
        assert not await alive(here, token)
        assert not await here.flows.sessions.of(visit)


async def test_activity_is_written_once_a_minute(here: Scene) -> None:
    """Touches within a minute of the last one show no write; memory knows of a later one."""
    visit, token = await here.enter()
    await here.flows.sessions.recall(token)
    here.clock.travel(seconds=TOUCHED_EVERY.total_seconds() - 1)
    session = await here.flows.sessions.recall(token)
    assert session
    async with unwritable(here.store):
        await here.flows.sessions.touch(session)
    here.clock.travel(seconds=1)
    await here.flows.sessions.touch(session)
    seen = await here.flows.sessions.recall(token)
    assert seen
    assert seen.last_seen_at == here.clock()
    assert visit.session != seen


@asynccontextmanager
async def unwritable(store: SqlStore) -> AsyncIterator[None]:
    @asynccontextmanager
    async def begin() -> AsyncIterator[Transaction]:
        raise AssertionError("the store was written to")
        yield  # a generator, as the real one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "begin", begin)
        yield


# -- raising -----------------------------------------------------------------------------------


@pytest.mark.conforms("ASVS-7.2.4")
async def test_the_old_token_answers_thirty_seconds_with_what_it_had(here: Scene) -> None:
    """THREATS 44: after a proof the old token shows no proof, and nothing at all after 30 s."""
    _, phone = await here.enroll()
    visit, old = await here.enter()
    await here.flows.sessions.recall(old)
    visit = await here.prove(visit, phone)
    for seconds in (0, 15, 14.9):
        here.clock.travel(seconds=seconds)
        await here.flows.revocations.read()
        earlier = await here.flows.sessions.recall(old)
        assert earlier
        assert (earlier.proofs, earlier.status) == ((), SessionStatus.PENDING)
    here.clock.travel(seconds=0.1)
    await here.flows.revocations.read()
    assert not await alive(here, old)


async def test_proofs_belong_to_one_login(here: Scene) -> None:
    """Another login of the same person shows that proofs of before do not count for it."""
    visit, phone = await here.enroll()
    session = visit.require_session()
    assert here.flows.sessions.belongs(session, visit.identity)
    again = replace(visit.identity, login="another")
    assert not here.flows.sessions.belongs(session, again)
    renewed = replace(again, known_as=(session.login,))
    assert here.flows.sessions.belongs(session, renewed)
    assert not here.flows.sessions.belongs(session, here.stranger(GRACE).identity)
    assert here.flows.sessions.belongs(replace(session, proofs=()), again)
    later = await here.prove(replace(visit, identity=again), phone)
    assert len(later.require_session().proofs) == 1


# -- ending ------------------------------------------------------------------------------------


async def test_dropped_proofs_are_gone_at_once(here: Scene) -> None:
    """A session whose proofs were dropped shows it pending, and its old token dead."""
    visit, phone = await here.enroll()
    visit, old = await here.enter()
    visit = await here.prove(visit, phone)
    assert await alive(here, old)
    await here.flows.sessions.drop_proofs(visit.require_session())
    assert not await alive(here, old)
    (session, *_) = [one for one in await here.flows.sessions.of(visit) if not one.proofs]
    assert (session.id, session.status) == (visit.require_session().id, SessionStatus.PENDING)


@pytest.mark.conforms("ASVS-7.4.1", "ASVS-7.5.2")
async def test_one_session_or_all_end_at_once(here: Scene) -> None:
    """THREATS 46: ended sessions show dead tokens at once; another person's cannot be ended."""
    (visit, one), (_, two), (grace, hers) = (
        await here.enter(),
        await here.enter(),
        await here.enter(GRACE),
    )
    for token in (one, two, hers):
        assert await alive(here, token)
    with pytest.raises(NotFound):
        await here.flows.sessions.end(visit, grace.require_session().id)
    await here.flows.sessions.end(visit, visit.require_session().id)
    assert [await alive(here, token) for token in (one, two, hers)] == [False, True, True]
    with pytest.raises(NotFound):
        await here.flows.sessions.end(visit, visit.require_session().id)
    await here.flows.sessions.end_all(visit)
    assert [await alive(here, token) for token in (one, two, hers)] == [False, False, True]
    assert (await here.events())[:2] == ["session.ended_everywhere", "session.ended"]


async def test_a_session_begun_before_a_reset_is_over(here: Scene) -> None:
    """A reset shows every earlier session over by its epoch, and later ones alive."""
    _, before = await here.enter()
    await here.people.reset(ADA, "desk", "lost")
    await here.flows.revocations.read()
    assert not await alive(here, before)
    _, after = await here.enter()
    assert await alive(here, after)


async def test_a_token_that_is_not_recognised_is_never_stored(here: Scene) -> None:
    """A mint that makes what it does not know shows a failure instead of a dead session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(here.kit.tokens, "mint_session", lambda: "made-up")
        with pytest.raises(RuntimeError):
            await here.enter()
    assert not await here.flows.sessions.of(here.stranger())


async def test_the_latest_of_a_session(here: Scene) -> None:
    """A session proven since, and one that ended: show what the store has, not what was read."""
    visit, phone = await here.enroll()
    old = visit.require_session()
    await here.prove(visit, phone)
    latest = await here.flows.sessions.latest(old)
    assert latest is not None
    assert latest.id == old.id
    assert latest.proofs[0].at > old.proofs[0].at
    await here.flows.sessions.end(visit, old.id)
    assert await here.flows.sessions.latest(old) is None


@pytest.mark.parametrize("way", ["one", "all", "proofs"])
async def test_what_begins_after_an_end_runs_on(here: Scene, way: str) -> None:
    """What is begun right after one session, all of them, or its proofs ended shows going on when
    the feed is next read: it tells nothing that this process did not know.
    """
    visit, _ = await here.enter()
    session, flows = visit.require_session(), here.flows
    ended: list[Ending] = []
    match way:
        case "one":
            await flows.sessions.end(visit, session.id)
        case "all":
            await flows.sessions.end_all(visit)
        case _:
            await flows.sessions.drop_proofs(session)
    new = session if way == "proofs" else (await here.enter())[0].require_session()
    flows.live.watch(new, ended.append)
    await flows.revocations.read()
    assert ended == []
