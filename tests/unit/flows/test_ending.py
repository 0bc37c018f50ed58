"""Which sessions are over, and that every process learns of it."""

from datetime import timedelta

from sidecar.core.model import REMEMBERED, AuthenticatorId, Level, Proof, SessionId
from sidecar.core.trusted import SeriesId
from sidecar.flows.ending import end_recognised, end_remembered, end_sessions, rests_on
from tests.conformance.stores import session
from tests.unit.flows.scene import ADA, GRACE, Scene

LEVELS = {"totp": Level.TWO_FACTOR, "mail": Level.ONE_FACTOR}
B1, B2 = SeriesId("b1"), SeriesId("b2")


async def test_all_but_one_are_over(here: Scene) -> None:
    """Every session of a person but the one kept shows as over and in the feed, nobody else's."""
    mine, _ = await here.enter()
    other, _ = await here.enter()
    hers, _ = await here.enter(GRACE)
    now = here.clock()
    async with here.store.begin() as tx:
        before = await tx.feed.last()
        await end_sessions(tx, ADA, now, keep=mine.require_session().id)
        told = await tx.feed.since(before)
        assert [one.session for one in told] == [other.require_session().id]
        assert [one.id for one in await tx.sessions.of(ADA, now)] == [mine.require_session().id]
        await end_sessions(tx, ADA, now)
        assert await tx.sessions.of(ADA, now) == ()
        assert [one.id for one in await tx.sessions.of(GRACE, now)] == [hers.require_session().id]


async def resting(here: Scene, *proofs: tuple[str, str]) -> SessionId:
    """Return a session of Ada that has proofs of these factors and authenticators."""
    visit, _ = await here.enter()
    which, now = visit.require_session().id, here.clock()
    async with here.store.begin() as tx:
        for factor, of in proofs:
            proof = Proof(factor, AuthenticatorId(of), (), now)
            await here.flows.sessions.elevate(tx, visit, proof, now)
    return which


async def live(here: Scene) -> set[SessionId]:
    async with here.store.read() as tx:
        return {one.id for one in await tx.sessions.of(ADA, here.clock())}


async def test_what_rests_on_a_browser_is_over_with_it(here: Scene) -> None:
    """Sessions that rest on a browser alone, or beside what counts for nothing, show as over; those
    of another browser, and those with a second factor of their own, go on.
    """
    alone = await resting(here, (REMEMBERED, B1))
    weak = await resting(here, (REMEMBERED, B1), ("mail", "m1"))
    other = await resting(here, (REMEMBERED, B2))
    proven = await resting(here, (REMEMBERED, B1), ("totp", "t1"))
    now = here.clock() + timedelta(seconds=1)
    async with here.store.begin() as tx:
        await end_recognised(tx, ADA, now, B1, levels=LEVELS)
    assert await live(here) == {other, proven}
    assert not {alone, weak} & await live(here)
    async with here.store.begin() as tx:
        assert await end_remembered(tx, ADA, now, levels=LEVELS) == 0
    assert await live(here) == {proven}


def test_what_a_session_rests_on() -> None:
    """A session shows the browsers it was recognised by, and none where it was proven."""
    by = [Proof(REMEMBERED, AuthenticatorId(one), (), session().created_at) for one in (B1, B2)]
    assert rests_on(session(proofs=tuple(by))) == {B1, B2}
    assert rests_on(session()) == frozenset()
