"""What every store keeps of sessions: tokens that rotate, proofs that stay theirs."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import ChallengeGone, StoreUnavailable
from sidecar.core.model import Session, SessionId, SessionStatus
from sidecar.core.stores import APART, Store
from tests.conformance.stores import ADA, NOW, TWIN, Travel, proof, session, token

S1 = SessionId("s1")
OLD, NEW, NEXT = token("old"), token("new"), token("next")

pytestmark = pytest.mark.parametrize("section", ["rows", "redis"], indirect=True)


async def test_a_session_is_found_by_its_token_while_it_lives(store: Store) -> None:
    """The right token shows the session until it expires; any other shows nothing."""
    added = session(proofs=(proof(),), status=SessionStatus.PROVEN)
    async with store.begin() as tx:
        await tx.sessions.add(added, OLD)
        assert await tx.sessions.get(OLD, NOW) == added
        assert await tx.sessions.get(NEW, NOW) is None
        assert await tx.sessions.get(OLD, added.expires_at) is None


@pytest.mark.conforms("ASVS-7.2.4")
async def test_elevation_changes_the_token(store: Store, clock: Travel) -> None:
    """The new token shows the proof; the old one, for 30 s, only what it had before."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)
        raised = await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        assert (raised.status, raised.proofs) == (SessionStatus.PROVEN, (proof(),))
        assert await tx.sessions.get(NEW, NOW) == raised
        assert await tx.sessions.get(OLD, clock.forward(seconds=29)) == session()
        assert await tx.sessions.get(OLD, clock.forward(seconds=1)) is None
        assert await tx.sessions.get(NEW, clock()) == raised


async def test_only_the_last_token_has_grace(store: Store) -> None:
    """Two elevations in a row show the first token dead and the second with its own proofs."""
    second = proof("a2", factor="webauthn")
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)
        once = await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        twice = await tx.sessions.elevate(S1, second, NEXT, login="login-1", now=NOW)
        assert twice.proofs == (proof(), second)
        assert await tx.sessions.get(OLD, NOW) is None
        assert await tx.sessions.get(NEW, NOW) == once
        assert await tx.sessions.get(NEXT, NOW) == twice


async def test_a_fresher_proof_replaces_the_older(store: Store, clock: Travel) -> None:
    """Proving twice with one authenticator shows the latest time only."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)
        await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        later = proof(at=clock.forward(minutes=9))
        again = await tx.sessions.elevate(S1, later, NEXT, login="login-1", now=clock())
        assert again.proofs == (later,)
        assert again.last_seen_at == clock()


async def test_proofs_belong_to_one_login(store: Store) -> None:
    """Another first-factor login shows that the proofs given under the last one are gone."""
    second = proof("a2")
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)
        await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        other = await tx.sessions.elevate(S1, second, NEXT, login="login-2", now=NOW)
        assert (other.proofs, other.login) == ((second,), "login-2")


async def test_a_login_may_be_known_by_other_keys_too(store: Store) -> None:
    """A login under the next key shows that its proofs stay, and that the session knows it so."""
    second = proof("a2")
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)
        await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        also = await tx.sessions.elevate(
            *(S1, second, NEXT), login="login-2", known_as=("login-0", "login-1"), now=NOW
        )
        assert (len(also.proofs), also.login) == (2, "login-2")


async def test_dropping_proofs_leaves_none_anywhere(store: Store) -> None:
    """After a drop neither the token nor the one before shows a proof."""
    async with store.begin() as tx:
        await tx.sessions.add(session(proofs=(proof("a0"),), status=SessionStatus.PROVEN), OLD)
        await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        await tx.sessions.drop_proofs(S1)
        found = await tx.sessions.get(NEW, NOW)
        assert found is not None
        assert (found.status, found.proofs) == (SessionStatus.PENDING, ())
        assert await tx.sessions.get(OLD, NOW) is None


@pytest.mark.conforms("ASVS-7.4.1")
async def test_an_ended_session_stays_ended(store: Store) -> None:
    """Ending shows every token dead at once, also that of the grace, and no elevation after it."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)
        await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        assert await tx.sessions.end(TWIN, S1) == ()
        assert await tx.sessions.end(ADA, S1) == (S1,)
        assert await tx.sessions.end(ADA, S1) == ()
        assert await tx.sessions.get(NEW, NOW) is None
        assert await tx.sessions.get(OLD, NOW) is None
        await tx.sessions.touch(S1, NOW)
        await tx.sessions.drop_proofs(S1)
        assert await tx.sessions.of(ADA, NOW) == ()
        with pytest.raises(ChallengeGone):
            await tx.sessions.elevate(S1, proof(), NEXT, login="login-1", now=NOW)


async def test_what_is_over_cannot_be_elevated(store: Store) -> None:
    """An expired, an unknown and a session of an earlier epoch show the same refusal."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)
        for which, now in ((S1, session().expires_at), (SessionId("never"), NOW)):
            with pytest.raises(ChallengeGone):
                await tx.sessions.elevate(which, proof(), NEW, login="", now=now)
        await tx.accounts.bump_epoch(ADA)
        with pytest.raises(ChallengeGone):
            await tx.sessions.elevate(S1, proof(), NEW, login="", now=NOW)


async def test_a_new_epoch_ends_what_was_before(store: Store) -> None:
    """Bumping a person's epoch shows their sessions over and nobody else's."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)
        await tx.sessions.add(session("s2", person=TWIN), NEXT)
        epoch = await tx.accounts.bump_epoch(ADA)
        assert await tx.sessions.get(OLD, NOW) is None
        assert await tx.sessions.of(ADA, NOW) == ()
        assert await tx.sessions.get(NEXT, NOW) is not None
        await tx.sessions.add(session("s3", epoch=epoch), NEW)
        assert await tx.sessions.get(NEW, NOW) is not None


async def test_all_sessions_end_together(store: Store) -> None:
    """Ending everything of a person returns which, and shows another person untouched."""
    async with store.begin() as tx:
        await tx.sessions.add(session("s1"), OLD)
        await tx.sessions.add(session("s2"), NEW)
        await tx.sessions.add(session("s3", person=TWIN), NEXT)
        assert await tx.sessions.end(ADA, None) == ("s1", "s2")
        assert await tx.sessions.get(NEXT, NOW) is not None


async def test_sessions_are_listed_last_seen_first(store: Store, clock: Travel) -> None:
    """Touching a session shows it first; an older time never moves it back."""
    async with store.begin() as tx:
        await tx.sessions.add(session("s1"), OLD)
        await tx.sessions.add(session("s2", last_seen_at=NOW + timedelta(seconds=5)), NEW)
        assert [found.id for found in await tx.sessions.of(ADA, NOW)] == ["s2", "s1"]
        await tx.sessions.touch(S1, clock.forward(minutes=1))
        await tx.sessions.touch(S1, NOW)
        listed = await tx.sessions.of(ADA, NOW)
        assert (listed[0].id, listed[0].last_seen_at) == ("s1", clock())
        assert [found.id for found in listed] == ["s1", "s2"]


async def test_parallel_elevations_keep_every_proof(store: Store) -> None:
    """Twenty elevations at once show all proofs kept and exactly one living token."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), OLD)

    async def elevate(number: int) -> None:
        async with store.begin() as tx:
            await tx.sessions.elevate(
                S1, proof(f"a{number}"), token(f"t{number}"), login="login-1", now=NOW
            )

    await asyncio.gather(*(elevate(number) for number in range(20)))
    after = NOW + timedelta(seconds=30)
    async with store.read() as tx:
        (found,) = await tx.sessions.of(ADA, NOW)
        alive = [n for n in range(20) if await tx.sessions.get(token(f"t{n}"), after)]
    assert len(found.proofs) == 20
    assert len(alive) == 1


# --- sessions of API clients ----------------------------------------------------------------------


async def test_a_clients_session_is_entered_while_it_goes_on(store: Store, clock: Travel) -> None:
    """Entering twice shows the session as it is by then, proofs included."""
    given = session(client="t1", proofs=(proof(),), status=SessionStatus.PROVEN, epoch=7)
    begun = replace(given, proofs=(), status=SessionStatus.PENDING, epoch=0)
    async with store.begin() as tx:
        assert await tx.sessions.enter(given, OLD) == begun
        raised = await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        again = replace(given, created_at=clock.forward(minutes=1), login="other")
        assert await tx.sessions.enter(again, NEXT) == raised
        assert await tx.sessions.get(NEXT, clock()) is None


@pytest.mark.parametrize("why", ["ended", "expired", "epoch"])
async def test_a_clients_session_begins_anew_when_it_is_over(
    store: Store, clock: Travel, why: str
) -> None:
    """A session that ended shows itself begun anew: without proofs, in the person's epoch."""
    async with store.begin() as tx:
        await tx.sessions.enter(session(client="t1"), OLD)
        await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        if why == "ended":
            await tx.sessions.end(ADA, S1)
        elif why == "epoch":
            await tx.accounts.bump_epoch(ADA)
        now = clock.forward(hours=24 if why == "expired" else 1)
        anew = session(
            client="t1",
            created_at=now,
            expires_at=now + timedelta(hours=1),
            last_seen_at=now,
            login="login-2",
        )
        begun = await tx.sessions.enter(anew, NEXT)
        assert begun == replace(anew, epoch=1 if why == "epoch" else 0)
        assert await tx.sessions.of(ADA, now) == (begun,)
        assert await tx.sessions.get(NEW, now) is None
        raised = await tx.sessions.elevate(S1, proof(at=now), OLD, login="login-2", now=now)
        assert raised.proofs == (proof(at=now),)


async def test_nobody_enters_anothers_session(store: Store) -> None:
    """An id that is another person's shows no session, and that theirs is unchanged."""
    async with store.begin() as tx:
        mine = await tx.sessions.enter(session(client="t1"), OLD)
    with pytest.raises(StoreUnavailable):
        async with store.begin() as tx:
            await tx.sessions.enter(session(client="t1", person=TWIN), NEW)
    async with store.read() as tx:
        assert await tx.sessions.of(ADA, NOW) == (mine,)


async def test_parallel_calls_meet_in_one_session(store: Store) -> None:
    """Twenty who enter at once show one session, of the token that came first."""

    async def enter(number: int) -> Session:
        async with store.begin(APART) as tx:
            return await tx.sessions.enter(session(client="t1"), token(f"t{number}"))

    assert len({found.id for found in await asyncio.gather(*map(enter, range(20)))}) == 1
    async with store.read() as tx:
        assert len(await tx.sessions.of(ADA, NOW)) == 1


async def test_everybody_is_signed_out(store: Store, clock: Travel) -> None:
    """All sessions of everybody show as over, with how many went on; what was over before is not
    counted, and whoever signs in afterwards stays.
    """
    async with store.begin() as tx:
        for which, person in (("s1", ADA), ("s2", TWIN), ("s3", ADA), ("s4", ADA)):
            await tx.sessions.add(session(which, person=person), token(which))
        await tx.sessions.end(ADA, SessionId("s3"))
        late = session("s5", expires_at=NOW + timedelta(minutes=1))
        await tx.sessions.add(late, token("s5"))
    clock.forward(minutes=2)
    async with store.begin() as tx:
        raised = await tx.sessions.elevate(
            SessionId("s4"), proof(), NEW, login="login-1", now=clock()
        )
        assert raised.proven
        assert await tx.sessions.end_everybody(clock()) == 3
        assert await tx.sessions.end_everybody(clock()) == 0
        for opened in (token("s1"), token("s2"), token("s4"), NEW):
            assert await tx.sessions.get(opened, clock()) is None
        await tx.sessions.add(session("s6", created_at=clock()), token("s6"))
        assert await tx.sessions.get(token("s6"), clock()) is not None
