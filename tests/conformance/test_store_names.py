"""What every store keeps of people whose names change, and of people who go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.directory import ERASED, PERSON_ERASED, Span
from sidecar.core.errors import ChallengeGone, Conflict
from sidecar.core.model import (
    AuthenticatorId,
    ChallengeId,
    Event,
    Person,
    SessionId,
    SessionStatus,
)
from sidecar.core.outbox import PostId
from sidecar.core.recoveries import RecoveryId
from sidecar.core.stores import Store
from tests.conformance.settled import BOB, CONTACT, LATER, settle
from tests.conformance.stores import (
    ADA,
    NOW,
    TWIN,
    authenticator,
    challenge,
    event,
    recovery,
    session,
    token,
)

# --- renaming -------------------------------------------------------------------------------------


async def test_everything_goes_along_with_a_new_name(store: Store) -> None:
    """After a rename the new name shows every factor, contact and try, and the old one nothing."""
    async with store.begin() as tx:
        await settle(tx, ADA)
        await tx.accounts.configure(ADA, enabled=True, required=True, version=0, now=NOW)
        before = await tx.authenticators.of(ADA)
        account = await tx.accounts.get(ADA)
        assert account is not None
        await tx.directory.rename(ADA, BOB, LATER)
    async with store.read() as tx:
        assert await tx.accounts.get(ADA) is None
        assert await tx.authenticators.of(ADA) == ()
        assert await tx.contacts.of(ADA) == ()
        after = await tx.authenticators.of(BOB)
        assert after == tuple(replace(held, person=BOB) for held in before)
        assert all(held.usable for held in after)
        moved = await tx.accounts.get(BOB)
        assert moved == replace(account, person=BOB, epoch=account.epoch + 1)
        (address,) = await tx.contacts.of(BOB)
        assert (address.contact, address.verified) == (CONTACT, True)
        assert [found.person for found in await tx.directory.tries(Span(), 9)] == [BOB]
        assert await tx.recoveries.get(RecoveryId("app-ada")) == recovery("app-ada", person=BOB)
        assert [found.name for found in await tx.trail.of(ADA, 9)] == ["challenge.verified"]


async def test_a_name_that_is_free_again_is_as_new(store: Store) -> None:
    """Whoever gets a name that somebody else had shows to programs as somebody new."""
    async with store.begin() as tx:
        await settle(tx, ADA)
        await tx.sessions.enter(session("api", client="t1"), token("one"))
        await tx.directory.rename(ADA, BOB, LATER)
    async with store.begin() as tx:
        await tx.accounts.ensure(ADA, LATER)
        entered = await tx.sessions.enter(session("api", client="t1"), token("two"))
    assert (entered.person, entered.status) == (ADA, SessionStatus.PENDING)


async def test_what_was_in_flight_is_void_after_a_rename(store: Store) -> None:
    """Sessions, ceremonies, codes, messages and browsers show that they are over for both names."""
    which, later = "app-ada", LATER - timedelta(minutes=59)
    async with store.begin() as tx:
        await settle(tx, ADA)
        await tx.sessions.add(session("bobs", person=BOB), token("bobs"))
        last = await tx.feed.last()
        await tx.directory.rename(ADA, BOB, NOW)
        told = await tx.feed.since(last)
        assert [(row.kind, row.person) for row in told] == [("person", ADA), ("person", BOB)]
        for name in (token(which), token("bobs")):
            assert await tx.sessions.get(name, later) is None
        for person in (ADA, BOB):
            assert await tx.sessions.of(person, later) == ()
            assert await tx.trusted.of(person, later) == ()
            assert not await tx.invitations.open(person, token(f"i-{which}"), later)
            with pytest.raises(ChallengeGone):
                await tx.challenges.get(ChallengeId(which), person, SessionId("s1"), later)
        assert await tx.outbox.claim(PostId(which), later) is None
        with pytest.raises(ChallengeGone):
            await tx.challenges.add(challenge(which))


async def test_guesses_go_along_with_a_new_name(store: Store) -> None:
    """A new name shows the old one's used-up tries: renaming is no way to guess afresh."""
    async with store.begin() as tx:
        for _ in range(5):
            await tx.attempts.claim(ADA, "totp", known=False, challenge=ChallengeId("c"), now=NOW)
        await tx.directory.rename(ADA, BOB, NOW)
        tries = await tx.directory.tries(Span(person=BOB), 9)
        assert len(tries) == 5


@pytest.mark.parametrize("case", ["account", "factor", "contact", "itself"])
async def test_a_name_that_is_somebodys_is_taken(store: Store, case: str) -> None:
    """A name with anything of its own shows a conflict, and that nothing moved."""
    name = ADA if case == "itself" else BOB
    async with store.begin() as tx:
        await settle(tx, ADA)
        if case == "account":
            await tx.accounts.ensure(BOB, NOW)
        elif case == "factor":
            await tx.authenticators.add(authenticator("b", person=BOB))
        elif case == "contact":
            await tx.contacts.record(BOB, CONTACT, origin="identity", verified=False, now=NOW)
    with pytest.raises(Conflict):
        async with store.begin() as tx:
            await tx.directory.rename(ADA, name, NOW)
    async with store.read() as tx:
        assert len(await tx.authenticators.of(ADA)) == 3


# --- erasing --------------------------------------------------------------------------------------


async def test_nothing_is_left_of_somebody_erased_but_a_pseudonym(store: Store) -> None:
    """After erasing, tries and acts show a pseudonym, and everything else shows nobody."""
    async with store.begin() as tx:
        await settle(tx, ADA)
        await settle(tx, TWIN)
        last = await tx.feed.last()
        name = await tx.directory.erase(ADA, LATER)
        assert [(row.kind, row.person) for row in await tx.feed.since(last)] == [("person", ADA)]
        await tx.trail.append(Event(LATER, PERSON_ERASED, None, "x", "", {"pseudonym": name}))
    gone = Person(ERASED, name)
    async with store.read() as tx:
        assert await tx.accounts.get(ADA) is None
        for which in ("totp", "codes", "key"):
            assert await tx.authenticators.find(AuthenticatorId(f"app-ada-{which}")) is None
        assert await tx.contacts.of(ADA) == ()
        assert await tx.sessions.get(token("app-ada"), NOW) is None
        assert await tx.recoveries.get(RecoveryId("app-ada")) is None
        assert await tx.directory.tries(Span(person=ADA), 9) == ()
        assert await tx.trail.of(ADA, 9) == ()
        assert len(await tx.directory.tries(Span(person=gone), 9)) == 1
        assert await tx.trail.of(gone, 9) == (event("challenge.verified", gone),)
        assert len(await tx.authenticators.of(TWIN)) == 3
        assert len(await tx.trail.of(TWIN, 9)) == 1


async def test_a_pseudonym_tells_nobody(store: Store) -> None:
    """Two people show two pseudonyms, one person the same, and none of them holds a name."""
    async with store.begin() as tx:
        names = [await tx.directory.erase(person, NOW) for person in (ADA, TWIN, ADA)]
    assert names[0] == names[2] != names[1]
    assert all("ada" not in name and len(name) == 32 for name in names)


async def test_whoever_was_erased_begins_anew(store: Store) -> None:
    """The same name afterwards shows a person who never enrolled and never tried."""
    async with store.begin() as tx:
        await settle(tx, ADA)
        await tx.directory.erase(ADA, NOW)
        account = await tx.accounts.ensure(ADA, LATER)
        assert (account.enrolled_at, account.created_at, account.version) == (None, LATER, 0)
        await settle(tx, ADA)
        assert len(await tx.authenticators.of(ADA)) == 3
