"""Where people are signed in, as an operator sees it, and signing them out."""

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.directory import Span
from sidecar.core.errors import NotFound
from sidecar.core.feed import EVERYBODY
from sidecar.core.model import Level, SessionId, TokenHash
from sidecar.flows.signed_in import SignedOut, SignOuts
from sidecar.flows.tokens import hash_token
from tests.conformance.stores import session
from tests.unit.flows.scene import ADA, GRACE, Scene, scene
from tests.unit.flows.trusting import listed, remembered

BY = "api:desk"


def outs(here: Scene) -> SignOuts:
    kit = here.kit
    parts = (here.store, here.clock, here.flows.sessions.catch_up)
    return SignOuts(*parts, idle=kit.times.idle, levels=kit.levels)


async def programs(here: Scene) -> SessionId:
    """A program has seen a proof of Ada's; return its session."""
    now, which = here.clock(), SessionId("api-1")
    ends = now + here.kit.times.lifetime
    own = session(which, person=ADA, client="desk", created_at=now, last_seen_at=now)
    async with here.store.begin() as tx:
        await tx.sessions.enter(replace(own, expires_at=ends), TokenHash(hash_token("none")))
    return which


async def test_browsers_are_listed_with_what_they_are_worth(here: Scene) -> None:
    """A session with a proof and one without show their levels, last seen first; what a program
    holds does not show, nor what was idle for too long.
    """
    proven, phone = await here.enroll()
    await programs(here)
    here.clock.travel(minutes=59)
    fresh, _ = await here.enter()
    found = await outs(here).of(ADA)
    ids = [one.session.id for one in found]
    assert ids == [fresh.require_session().id, proven.require_session().id]
    assert [one.assurance.level for one in found] == [Level.ONE_FACTOR, Level.TWO_FACTOR]
    here.clock.travel(minutes=2)
    assert [one.session.id for one in await outs(here).of(ADA)] == [fresh.require_session().id]
    assert await outs(here).of(GRACE) == ()
    assert phone.secret not in repr(found)


async def test_programs_sessions_are_nobodys_browsers(here: Scene) -> None:
    """A session of a program shows on no page of the person and in no dossier."""
    visit, _ = await here.enroll()
    which = await programs(here)
    assert which not in [one.id for one in await here.flows.sessions.of(visit)]
    assert which not in [one.id for one in (await here.people.show(ADA)).sessions]


async def test_one_session_is_ended(here: Scene) -> None:
    """An ended session shows as over, its token dead, and the act in the trail; others go on."""
    visit, token = await here.enter()
    _, other = await here.enter()
    assert await here.flows.sessions.recall(token)
    await outs(here).end(ADA, visit.require_session().id, BY)
    assert await here.flows.sessions.recall(token) is None
    assert await here.flows.sessions.recall(other)
    event = (await here.people.show(ADA)).events[0]
    assert (event.name, event.actor) == ("session.ended", BY)


@pytest.mark.threat(35)
async def test_another_persons_session_is_not_there(here: Scene) -> None:
    """THREATS 35: an id under another name, a program's and none at all show the same."""
    visit, token = await here.enter()
    anothers, mine = visit.require_session().id, await programs(here)
    for person, which in ((GRACE, anothers), (ADA, mine), (ADA, SessionId("none"))):
        with pytest.raises(NotFound, match="the person has no such session"):
            await outs(here).end(person, which, BY)
    assert await here.flows.sessions.recall(token)


async def test_all_of_a_person_are_ended(there: Scene) -> None:
    """Everything of a person shows as over, programs' sessions and remembered browsers too; and
    nothing of anybody else.
    """
    await remembered(there)
    await programs(there)
    _, hers = await there.enter(GRACE)
    assert await outs(there).end_all(ADA, BY) == SignedOut(sessions=2, browsers=1)
    assert await outs(there).of(ADA) == ()
    assert await listed(there) == ()
    assert await there.flows.sessions.recall(hers)
    assert (await there.events())[0] == "session.ended_everywhere"
    assert await outs(there).end_all(ADA, BY) == SignedOut(0, 0)


@pytest.mark.conforms("ASVS-7.4.5")
async def test_everybody_is_signed_out_everywhere(folder: Path) -> None:
    """Sessions of two people that another process holds in memory show as over there after one
    reading of the feed; one row in it was enough, and one act in the trail.
    """
    async with scene(folder) as here, scene(folder, here.clock) as there:
        (_, one), (_, two) = await here.enter(), await here.enter(GRACE)
        for token in (one, two):
            assert await there.flows.sessions.recall(token)
        async with here.store.read() as tx:
            before = await tx.feed.last()
        assert await outs(here).end_everybody(BY) == SignedOut(sessions=2, browsers=0)
        await there.flows.revocations.read()
        for token in (one, two):
            assert await there.flows.sessions.recall(token) is None
        async with here.store.read() as tx:
            (row,) = await tx.feed.since(before)
            (act,) = await tx.directory.events(Span(name="session.ended_for_everybody"), 10)
        assert (row.kind, row.person, row.session) == (EVERYBODY, None, None)
        assert (act.event.person, act.event.actor, act.event.details["sessions"]) == (None, BY, 2)


async def test_whoever_signs_in_afterwards_stays(here: Scene) -> None:
    """A session that began after everybody was signed out shows alive."""
    await outs(here).end_everybody(BY)
    _, token = await here.enter()
    assert await here.flows.sessions.recall(token)


async def test_nobody_is_remembered_after_everybody_was_signed_out(there: Scene) -> None:
    """A remembered browser shows forgotten."""
    await remembered(there)
    assert (await outs(there).end_everybody(BY)).browsers == 1
    assert await listed(there) == ()
