"""What every store keeps of ceremonies: bound, sealed, consumed and spent once."""

import asyncio
from datetime import datetime, timedelta

import pytest

from sidecar.core.errors import ChallengeGone
from sidecar.core.model import AuthenticatorId, Challenge, ChallengeId, Person, Purpose, SessionId
from sidecar.core.stores import Store, Transaction
from tests.conformance.stores import ADA, NOW, TWIN, Travel, challenge

S1, S2 = SessionId("s1"), SessionId("s2")


async def got(
    tx: Transaction,
    which: str = "c1",
    person: Person = ADA,
    session: SessionId = S1,
    *,
    now: datetime = NOW,
) -> Challenge | None:
    try:
        return await tx.challenges.get(ChallengeId(which), person, session, now)
    except ChallengeGone:
        return None


async def spend(store: Store, now: datetime, *, action: str = "pay", who: Person = ADA) -> bool:
    async with store.begin() as tx:
        since = now - timedelta(minutes=5)
        there = await tx.challenges.proven(who, S1, action, since=since, now=now)
        spent = await tx.challenges.spend(who, S1, action, since=since, now=now)
    assert there is spent
    return spent


async def prove(store: Store, which: str = "c1", action: str = "pay") -> None:
    """A challenge is added and verified at once."""
    added = challenge(which, action=action)
    async with store.begin() as tx:
        await tx.challenges.add(added)
        await tx.challenges.consume(added, NOW, verified=True)


@pytest.mark.conforms("ASVS-6.6.2")
async def test_a_challenge_is_its_sessions_alone(store: Store) -> None:
    """The right id with another person, session or time shows one answer: gone."""
    added = challenge(purpose=Purpose.ENROLL, authenticator_id=AuthenticatorId("a9"))
    async with store.begin() as tx:
        await tx.challenges.add(added)
        assert await got(tx) == added
        assert await got(tx, person=TWIN) is None
        assert await got(tx, session=S2) is None
        assert await got(tx, "c2") is None
        assert await got(tx, now=added.expires_at) is None


async def test_what_was_begun_is_found_again(store: Store) -> None:
    """Open challenges of a factor show up to their session alone, newest first, until used."""
    first, last = challenge(), challenge("c2", created_at=NOW + timedelta(seconds=1))
    async with store.begin() as tx:
        for one in (first, last, challenge("c3", factor="email"), challenge("c4", session_id=S2)):
            await tx.challenges.add(one)
        assert await tx.challenges.begun(ADA, S1, first.factor, NOW) == (last, first)
        assert await tx.challenges.begun(TWIN, S1, first.factor, NOW) == ()
        assert await tx.challenges.begun(ADA, S1, first.factor, first.expires_at) == ()
        await tx.challenges.consume(last, NOW, verified=False)
        assert await tx.challenges.begun(ADA, S1, first.factor, NOW) == (first,)


async def test_one_of_fifty_consumes(store: Store) -> None:
    """Fifty answers at once show one winner, and that nothing is open afterwards."""
    async with store.begin() as tx:
        await tx.challenges.add(challenge())

    async def consume() -> bool:
        try:
            async with store.begin() as tx:
                await tx.challenges.consume(challenge(), NOW, verified=True)
        except ChallengeGone:
            return False
        return True

    assert sum(await asyncio.gather(*(consume() for _ in range(50)))) == 1
    async with store.read() as tx:
        assert await got(tx) is None


@pytest.mark.threat(52)
async def test_an_id_is_taken_once(store: Store) -> None:
    """Fifty first answers to one carried challenge show one row; an id used up shows it gone."""

    async def add(which: str) -> bool:
        try:
            async with store.begin() as tx:
                await tx.challenges.add(challenge(which))
        except ChallengeGone:
            return False
        return True

    assert sum(await asyncio.gather(*(add("c1") for _ in range(50)))) == 1
    async with store.begin() as tx:
        await tx.challenges.consume(challenge(), NOW, verified=False)
    assert not await add("c1")
    async with store.read() as tx:
        assert await got(tx) is None


async def test_what_expired_or_is_anothers_cannot_be_consumed(store: Store) -> None:
    """A late answer and a borrowed id show the same refusal."""
    async with store.begin() as tx:
        await tx.challenges.add(challenge())
        with pytest.raises(ChallengeGone):
            await tx.challenges.consume(challenge(), challenge().expires_at, verified=True)
        with pytest.raises(ChallengeGone):
            await tx.challenges.consume(challenge(person=TWIN), NOW, verified=True)
        with pytest.raises(ChallengeGone):
            await tx.challenges.consume(challenge(session_id=S2), NOW, verified=True)
        assert await got(tx) == challenge()


async def test_one_of_fifty_spends(store: Store) -> None:
    """Fifty changes that need the same proof show that it pays for one."""
    await prove(store)
    assert sum(await asyncio.gather(*(spend(store, NOW) for _ in range(50)))) == 1


async def test_a_proof_pays_only_for_its_own(store: Store, clock: Travel) -> None:
    """Another action, person, session or a time too far shows that nothing is paid."""
    await prove(store)
    await prove(store, which="c2", action="")
    assert not await spend(store, NOW, action="other")
    assert not await spend(store, NOW, action="")
    assert not await spend(store, NOW, who=TWIN)
    assert not await spend(store, clock.forward(minutes=5, seconds=1))
    assert not await spend(store, NOW - timedelta(seconds=3))
    async with store.begin() as tx:
        assert not await tx.challenges.spend(ADA, S2, "pay", since=NOW, now=NOW)
    assert await spend(store, NOW)


async def test_two_proofs_pay_twice(store: Store) -> None:
    """Two verified challenges of one action show two payments and no third."""
    await prove(store)
    await prove(store, which="c2")
    assert [await spend(store, NOW) for _ in range(3)] == [True, True, False]


async def test_an_unverified_one_proves_nothing(store: Store) -> None:
    """A challenge used up without success shows no proof."""
    async with store.begin() as tx:
        await tx.challenges.add(challenge())
        await tx.challenges.consume(challenge(), NOW, verified=False)
    assert not await spend(store, NOW)


async def test_voiding_takes_ceremonies_and_proofs(store: Store) -> None:
    """After a change of authenticators nothing of before shows as open or unspent."""
    await prove(store)
    async with store.begin() as tx:
        await tx.challenges.add(challenge("c2"))
        await tx.challenges.add(challenge("c3", person=TWIN))
        await tx.challenges.void(ADA, NOW)
        assert await got(tx, "c2") is None
        assert await got(tx, "c3", TWIN) is not None
    assert not await spend(store, NOW)


async def test_a_session_has_only_so_many_open(store: Store) -> None:
    """Endless beginnings in one session show the oldest giving way, in that session only."""
    async with store.begin() as tx:
        await tx.challenges.add(challenge("elsewhere", session_id=S2))
        for number in range(25):
            at = NOW + timedelta(seconds=number)
            await tx.challenges.add(challenge(f"c{number}", created_at=at))
        later = NOW + timedelta(minutes=1)
        left = [n for n in range(25) if await got(tx, f"c{n}", now=later)]
        assert left == list(range(15, 25))
        assert await got(tx, "elsewhere", session=S2) is not None
