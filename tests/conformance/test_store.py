"""What every store keeps of people, invitations, revocations and acts, and how atomically."""

import asyncio
from contextlib import nullcontext
from dataclasses import replace

import pytest

from sidecar.core.errors import ChallengeGone, StoreUnavailable, TooManyAttempts
from sidecar.core.feed import Revocation
from sidecar.core.messages import Told
from sidecar.core.model import (
    Account,
    AuthenticatorId,
    ChallengeId,
    Person,
    SessionId,
    TokenHash,
)
from sidecar.core.stores import APART, Store
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import ADA, NOW, TWIN, Travel, authenticator, event, session, token


async def test_a_failed_block_leaves_nothing(store: Store) -> None:
    """An exception inside a transaction shows that none of its writes happened."""

    async def fail() -> None:
        async with store.begin() as tx:
            await tx.accounts.ensure(ADA, NOW)
            await tx.trail.append(event())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.read() as tx:
        assert await tx.accounts.get(ADA) is None
        assert await tx.trail.of(ADA, 10) == ()


async def test_a_cancelled_task_leaves_nothing_and_holds_nothing(store: Store) -> None:
    """A task cancelled at any moment of a transaction shows that the next writer need not wait."""
    for turns in range(40):

        async def work() -> None:
            async with store.begin() as tx:
                await tx.accounts.ensure(ADA, NOW)
                await tx.accounts.ensure(TWIN, NOW)
                raise ZeroDivisionError

        task = asyncio.get_running_loop().create_task(work())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, ZeroDivisionError)):
            await task
    async with asyncio.timeout(5), store.begin() as tx:
        assert await tx.accounts.get(ADA) is None


async def test_reading_never_writes_and_never_waits(store: Store) -> None:
    """A read during an open write shows the state before, and that `read` cannot change any."""
    async with store.begin() as writing:
        await writing.accounts.ensure(ADA, NOW)
        async with asyncio.timeout(5), store.read() as reading:
            assert await reading.accounts.get(ADA) is None
    with pytest.raises(StoreUnavailable):
        async with store.read() as tx:
            await tx.accounts.ensure(TWIN, NOW)
    async with store.read() as tx:
        assert await tx.accounts.get(TWIN) is None


async def test_a_broken_constraint_is_no_answer(store: Store) -> None:
    """Adding one id twice shows that a bug fails loudly instead of passing for success."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), token("a"))
        await tx.authenticators.add(authenticator())
    with pytest.raises(StoreUnavailable):
        async with store.begin() as tx:
            await tx.sessions.add(session("s2"), token("a"))
    with pytest.raises(StoreUnavailable):
        async with store.begin() as tx:
            await tx.authenticators.add(authenticator(person=TWIN))


async def test_parallel_writers_all_get_their_turn(store: Store) -> None:
    """Fifty writers at once show that each sees the one before and none is lost."""

    async def bump() -> int:
        async with store.begin() as tx:
            return await tx.accounts.bump_epoch(ADA)

    assert sorted(await asyncio.gather(*(bump() for _ in range(50)))) == list(range(1, 51))


# --- people ---------------------------------------------------------------------------------------


async def test_an_account_is_made_once(store: Store, clock: Travel) -> None:
    """Ensuring twice shows that the first row, and the time of it, stays."""
    async with store.begin() as tx:
        first = await tx.accounts.ensure(ADA, NOW)
        again = await tx.accounts.ensure(ADA, clock.forward(hours=1))
        assert first == again == await tx.accounts.get(ADA)
        assert (first.enabled, first.epoch, first.enrolled_at) == (True, 0, None)
        assert await tx.accounts.get(TWIN) is None


async def test_enrolled_at_is_durable_until_a_reset(store: Store, clock: Travel) -> None:
    """Marking twice keeps the first time; an operator's reset shows the person as new."""
    async with store.begin() as tx:
        await tx.accounts.mark_enrolled(ADA, NOW)
        await tx.accounts.mark_enrolled(ADA, clock.forward(days=1))
        account = await tx.accounts.ensure(ADA, clock())
        assert (account.enrolled_at, account.epoch) == (NOW, 0)
        await tx.accounts.reset(ADA)
        account = await tx.accounts.ensure(ADA, clock())
        assert (account.enrolled_at, account.epoch) == (None, 1)


async def test_whoever_enrolls_is_enabled(store: Store) -> None:
    """Enrolling shows a disabled person enabled, and that this changed what is configured."""
    async with store.begin() as tx:
        await tx.accounts.configure(ADA, enabled=False, required=True, version=0, now=NOW)
        await tx.accounts.mark_enrolled(ADA, NOW)
        account = await tx.accounts.ensure(ADA, NOW)
        assert (account.enabled, account.required, account.version) == (True, True, 2)
        await tx.accounts.mark_enrolled(ADA, NOW)
        assert await tx.accounts.get(ADA) == account


async def test_a_configuration_changes_by_its_version(store: Store, clock: Travel) -> None:
    """Each change shows the next version; one made with another version shows nothing done."""

    async def configure(enabled: bool, version: int | None) -> Account | None:
        return await tx.accounts.configure(
            ADA, enabled=enabled, required=not enabled, version=version, now=clock()
        )

    async with store.begin() as tx:
        assert await configure(enabled=False, version=1) is None
        assert await tx.accounts.get(ADA) is None
        first = await configure(enabled=False, version=0)
        assert first == Account(
            ADA, enabled=False, epoch=0, created_at=NOW, required=True, version=1
        )
        clock.forward(hours=1)
        assert await configure(enabled=True, version=0) is None
        assert await configure(enabled=True, version=2) is None
        assert await tx.accounts.get(ADA) == first
        assert await configure(enabled=True, version=1) == replace(
            first, enabled=True, required=False, version=2
        )
        assert await configure(enabled=False, version=None) == replace(first, version=3)
        await tx.accounts.bump_epoch(ADA)
        account = await tx.accounts.get(ADA)
        assert account == replace(first, version=3, epoch=1)
        assert await tx.accounts.get(TWIN) is None


async def test_of_parallel_changes_one_counts(store: Store) -> None:
    """Twenty changes of one version at once show one that was made."""

    async def configure() -> bool:
        async with store.begin(APART) as tx:
            changed = await tx.accounts.configure(
                ADA, enabled=False, required=False, version=0, now=NOW
            )
            return changed is not None

    assert sum(await asyncio.gather(*(configure() for _ in range(20)))) == 1


async def test_forgiven_tries_count_no_longer(store: Store, clock: Travel) -> None:
    """Used-up tries show a closed door, and after forgiving an open one; the person stays."""
    async with store.begin() as tx:
        await tx.accounts.mark_enrolled(ADA, NOW)
        for _ in range(5):
            await tx.attempts.claim(ADA, "totp", known=False, challenge=ChallengeId("c"), now=NOW)
    for forgiven in (False, True):
        async with store.begin() as tx:
            if forgiven:
                await tx.accounts.forgive(ADA, clock.forward(seconds=1))
                await tx.accounts.forgive(TWIN, clock())
            closed = nullcontext() if forgiven else pytest.raises(TooManyAttempts)
            with closed:
                await tx.attempts.claim(
                    *(ADA, "totp"), known=False, challenge=ChallengeId("c"), now=clock()
                )
    async with store.read() as tx:
        account = await tx.accounts.get(ADA)
        assert account is not None
        assert (account.enrolled_at, account.epoch) == (NOW, 0)
        assert await tx.accounts.get(TWIN) is None


@pytest.mark.conforms("ASVS-6.8.1")
async def test_subjects_are_kept_byte_for_byte(store: Store) -> None:
    """Names that fold or normalise to one another show up as different people."""
    names = ("ada", "Ada", "ADA", "ad\u0061\u0301", "ad\u00e1", "ada ", "a%", "a_a")
    people = [type(ADA)("app", name) for name in names]
    async with store.begin() as tx:
        for person in people:
            await tx.accounts.mark_enrolled(person, NOW)
        await tx.accounts.reset(people[0])
    async with store.read() as tx:
        for person in people[1:]:
            account = await tx.accounts.get(person)
            assert account is not None
            assert (account.person, account.enrolled_at) == (person, NOW)


# --- invitations ----------------------------------------------------------------------------------


async def test_an_invitation_opens_once(store: Store, clock: Travel) -> None:
    """Fifty redemptions at once show one winner; another person never gets in."""
    later = NOW.replace(day=8)
    async with store.begin() as tx:
        await tx.invitations.add(ADA, token("code"), by="operator:root", expires_at=later)

    async def redeem() -> bool:
        async with store.begin() as tx:
            return await tx.invitations.redeem(ADA, token("code"), clock())

    async with store.begin() as tx:
        assert await tx.invitations.open(ADA, token("code"), NOW)
        assert not await tx.invitations.open(TWIN, token("code"), NOW)
        assert not await tx.invitations.redeem(TWIN, token("code"), NOW)
        assert not await tx.invitations.open(ADA, token("code"), later)
        assert not await tx.invitations.redeem(ADA, token("code"), later)
    assert sum(await asyncio.gather(*(redeem() for _ in range(50)))) == 1


async def test_a_new_invitation_closes_the_old(store: Store) -> None:
    """A second code shows that the first one no longer opens anything."""
    later = NOW.replace(day=8)
    async with store.begin() as tx:
        await tx.invitations.add(ADA, token("one"), by="operator:root", expires_at=later)
        await tx.invitations.add(ADA, token("two"), by="operator:root", expires_at=later)
        assert not await tx.invitations.open(ADA, token("one"), NOW)
        assert await tx.invitations.open(ADA, token("two"), NOW)


# --- revocations and acts -------------------------------------------------------------------------


async def test_the_feed_is_ordered(store: Store) -> None:
    """Rows come back in the order written, which shows a reader exactly what it missed."""
    async with store.begin() as tx:
        assert await tx.feed.last() == 0
        await tx.feed.append("session", ADA, SessionId("s1"), NOW)
        await tx.feed.append("person", TWIN, None, NOW)
    async with store.read() as tx:
        assert await tx.feed.last() == 2
        assert await tx.feed.since(0) == (
            Revocation(1, "session", ADA, SessionId("s1")),
            Revocation(2, "person", TWIN),
        )
        assert await tx.feed.since(1) == (Revocation(2, "person", TWIN),)
        assert await tx.feed.since(2) == ()


async def test_acts_come_back_newest_first(store: Store) -> None:
    """A person's trail shows their own acts only, the latest first, as they were written."""
    async with store.begin() as tx:
        for name in ("a.one", "a.two", "a.three"):
            await tx.trail.append(event(name))
        await tx.trail.append(event("b.other", TWIN))
        await tx.trail.append(event("c.nobody", None))
    async with store.read() as tx:
        assert await tx.trail.of(ADA, 2) == (event("a.three"), event("a.two"))
        assert await tx.trail.of(TWIN, 2) == (event("b.other", TWIN),)


@pytest.mark.parametrize("bad", ["\x00", "a\x00b", "\ud800", "\udcff rest"])
async def test_text_that_no_database_keeps_breaks_nothing(store: SqlStore, bad: str) -> None:
    """NUL and halves of surrogate pairs, wherever strangers can put them, show a mark or nobody."""
    odd = event("a.name")
    async with store.begin() as tx:
        await tx.sessions.add(session(user_agent=bad), token("t"))
        await tx.trail.append(replace(odd, actor=bad, request_id=bad, details={"said": bad}))
        await tx.authenticators.add(authenticator(name=bad, detail=bad))
    async with store.read() as tx:
        assert await tx.sessions.get(TokenHash(bad), NOW) is None
        assert await tx.authenticators.get(ADA, AuthenticatorId(bad)) is None
        assert await tx.accounts.get(Person("app", bad)) is None
        (found,) = await tx.trail.of(ADA, 9)
        assert found.details == {"said": bad}
        assert "\ufffd" in found.actor
        (kept,) = await tx.authenticators.of(ADA)
        assert (kept.name, kept.usable) == (kept.detail, True)
    assert (await store.verify_trail()).broken_at is None
    async with store.begin() as tx:
        with pytest.raises(ChallengeGone):
            await tx.challenges.get(ChallengeId(bad), ADA, SessionId("s1"), NOW)
        assert not await tx.invitations.redeem(ADA, TokenHash(bad), NOW)
        assert not await tx.outbox.told("mail", Told(bad, arrived=True, reason=bad), NOW)
