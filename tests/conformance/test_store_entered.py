"""What every store keeps of sessions that have one id for good: a program's with a person."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sidecar.core.model import Session, SessionId, SessionStatus
from sidecar.core.stores import Store
from tests.conformance.stores import ADA, NOW, Travel, proof, session, token

S1 = SessionId("s1")
OLD, NEW, NEXT = token("old"), token("new"), token("next")
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.parametrize("section", ["rows", "redis"], indirect=True)


def asked(at: datetime = NOW, life: timedelta = 2 * HOUR) -> Session:
    """Return the session that a program asks for."""
    return session(client="desk", created_at=at, last_seen_at=at, expires_at=at + life)


async def proven(store: Store) -> Session:
    """Return the session after a proof; the token of it is `NEW`."""
    async with store.begin() as tx:
        await tx.sessions.enter(asked(), OLD)
        return await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)


async def test_a_session_that_goes_on_is_entered_as_it_is(store: Store, clock: Travel) -> None:
    """Entering again shows the session with its proofs and its token, and its end put off."""
    before = await proven(store)
    later = asked(clock.forward(minutes=5))
    async with store.begin() as tx:
        again = await tx.sessions.enter(later, NEXT)
        assert again == replace(before, expires_at=later.expires_at)
        assert await tx.sessions.get(NEW, clock()) == again
        assert await tx.sessions.get(NEXT, clock()) is None


async def test_a_session_is_never_cut_short(store: Store) -> None:
    """Entering for less time than there is left shows the end where it was."""
    before = await proven(store)
    async with store.begin() as tx:
        assert await tx.sessions.enter(asked(life=HOUR), NEXT) == before


async def test_a_session_that_ended_begins_anew(store: Store) -> None:
    """A session that was ended shows to begin without proofs, and its old token dead."""
    await proven(store)
    async with store.begin() as tx:
        await tx.sessions.end(ADA, S1)
        anew = await tx.sessions.enter(asked(), NEXT)
        assert (anew.status, anew.proofs) == (SessionStatus.PENDING, ())
        assert await tx.sessions.get(NEW, NOW) is None
        assert await tx.sessions.get(OLD, NOW) is None


async def test_a_session_of_an_earlier_epoch_begins_anew(store: Store) -> None:
    """Once a person's epoch was bumped, entering shows a session of the new one."""
    await proven(store)
    async with store.begin() as tx:
        epoch = await tx.accounts.bump_epoch(ADA)
        anew = await tx.sessions.enter(asked(), NEXT)
        assert (anew.epoch, anew.proofs) == (epoch, ())


async def test_a_session_that_expired_begins_anew(store: Store, clock: Travel) -> None:
    """After its end, entering shows a session of now without proofs."""
    await proven(store)
    later = asked(clock.forward(hours=2))
    async with store.begin() as tx:
        anew = await tx.sessions.enter(later, NEXT)
        assert (anew.created_at, anew.expires_at) == (later.created_at, later.expires_at)
        assert anew.proofs == ()


async def test_all_who_enter_at_once_meet(store: Store) -> None:
    """Ten who enter at once show one session."""

    async def enter(number: int) -> Session:
        async with store.begin() as tx:
            return await tx.sessions.enter(asked(), token(f"t{number}"))

    entered = await asyncio.gather(*map(enter, range(10)))
    assert {one.id for one in entered} == {S1}
    async with store.read() as tx:
        assert [one.id for one in await tx.sessions.of(ADA, NOW)] == [S1]
