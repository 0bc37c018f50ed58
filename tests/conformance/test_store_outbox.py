"""What every store promises about messages on their way."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sidecar.core.messages import Receipt, Told
from sidecar.core.model import ChallengeId
from sidecar.core.outbox import Posted, PostId, PostStatus, Share, Waiting
from sidecar.core.stores import Store
from tests.conformance.stores import NOW, TWIN
from tests.posts import notice, post

LATER = NOW + timedelta(minutes=2)
C1 = ChallengeId("c1")


async def add(store: Store, *posts: Posted) -> None:
    async with store.begin() as tx:
        for one in posts:
            await tx.outbox.add(one)


async def claim(
    store: Store, which: str = "p1", now: datetime = NOW, silent_since: datetime | None = None
) -> Posted | None:
    async with store.begin() as tx:
        return await tx.outbox.claim(PostId(which), now, silent_since=silent_since)


async def settle(
    store: Store, status: PostStatus, which: str = "p1", receipt: Receipt | None = None
) -> None:
    async with store.begin() as tx:
        await tx.outbox.settle(PostId(which), status, NOW, receipt=receipt, failure="why")


async def waiting(store: Store, now: datetime = NOW) -> tuple[Waiting, ...]:
    async with store.read() as tx:
        return await tx.outbox.waiting(
            now,
            unclaimed_since=now - timedelta(seconds=5),
            silent_since=now - timedelta(seconds=60),
        )


async def sent(store: Store, which: ChallengeId = C1) -> list[PostStatus]:
    async with store.read() as tx:
        return [one.status for one in await tx.sendings.of(which)]


async def latest(store: Store, which: ChallengeId = C1) -> tuple[Posted, ...]:
    async with store.read() as tx:
        return await tx.outbox.latest(which)


async def test_a_claimed_message_is_what_was_added(store: Store) -> None:
    """Codes and notices show up whole to whoever claims them."""
    known = post("p2", TWIN, known=True, language="de")
    await add(store, post(), known, notice())
    assert await claim(store) == post()
    assert await claim(store, "p2") == known
    assert await claim(store, "n1") == notice()
    assert await claim(store, "p3") is None


@pytest.mark.conforms("NIST-OBV-4")
async def test_one_of_fifty_claims(store: Store) -> None:
    """Fifty senders of one message at once show one that sends."""
    await add(store, post())
    found = await asyncio.gather(*(claim(store) for _ in range(50)))
    assert [one for one in found if one is not None] == [post()]


async def test_one_of_fifty_takes_over(store: Store) -> None:
    """A sender that is silent for a minute shows one, and not more, that takes over."""
    await add(store, post())
    await claim(store)
    ago = LATER - timedelta(seconds=60)
    assert await claim(store, now=LATER) is None
    found = await asyncio.gather(*(claim(store, now=LATER, silent_since=ago) for _ in range(50)))
    assert sum(one is not None for one in found) == 1


async def test_what_is_too_late_is_not_sent(store: Store) -> None:
    """A message of no use any more shows that nobody gets to send it."""
    await add(store, post())
    assert await waiting(store, post().expires_at) == ()
    assert await claim(store, now=post().expires_at) is None


@pytest.mark.parametrize(
    "status", [PostStatus.SENT, PostStatus.UNSURE, PostStatus.FAILED, PostStatus.ARRIVED]
)
async def test_what_is_settled_stays_so(store: Store, status: PostStatus) -> None:
    """A message with an outcome shows that no second one counts and nobody sends it again."""
    await add(store, post())
    await claim(store)
    await settle(store, status)
    await settle(store, PostStatus.FAILED)
    assert await sent(store) == [status]
    assert await claim(store, now=LATER, silent_since=LATER) is None


async def test_nothing_is_settled_that_was_not_claimed(store: Store) -> None:
    """An outcome without a sender shows a message that still waits."""
    await add(store, post())
    await settle(store, PostStatus.SENT)
    assert await sent(store) == [PostStatus.QUEUED]


async def test_what_waits_is_found(store: Store) -> None:
    """Messages that nobody took, or whose sender is silent, show up, the one that was left alone
    for longest first.
    """
    await add(store, post("p2", created_at=NOW + timedelta(seconds=1)), post())
    assert await waiting(store, NOW + timedelta(seconds=4)) == ()
    both = tuple(Waiting(PostId(which), "texts", claimed=False) for which in ("p1", "p2"))
    assert await waiting(store, NOW + timedelta(seconds=6)) == both
    await claim(store, now=NOW + timedelta(seconds=6))
    assert await waiting(store, NOW + timedelta(seconds=7)) == both[1:]
    assert await waiting(store, LATER) == (both[1], replace(both[0], claimed=True))


async def test_a_notice_may_wait_again(store: Store) -> None:
    """A notice that no provider took shows up a minute later, whole."""
    await add(store, notice())
    await claim(store, "n1")
    await settle(store, PostStatus.QUEUED, "n1")
    assert await waiting(store, NOW + timedelta(seconds=59)) == ()
    (found,) = await waiting(store, NOW + timedelta(seconds=60))
    assert found == Waiting(PostId("n1"), "mail", claimed=False)
    assert await claim(store, "n1", LATER) == notice()


async def test_the_latest_of_a_challenge(store: Store) -> None:
    """Messages of a challenge show the newest ones alone, and nothing of another challenge."""
    again = post("p2", created_at=LATER)
    other = post("p3", challenge_id=ChallengeId("c2"))
    await add(store, post(), again, other)
    assert await latest(store) == (again,)
    assert await latest(store, ChallengeId("c3")) == ()


async def test_wiping_spares_what_is_to_be_sent(store: Store) -> None:
    """A wiped challenge shows nothing that was sent, and all that still has to be."""
    await add(store, post(), post("p2"))
    await claim(store)
    await settle(store, PostStatus.SENT)
    async with store.begin() as tx:
        await tx.outbox.wipe(C1)
    assert await latest(store) == (post("p2"),)
    assert await claim(store, "p2") == post("p2")


async def test_a_provider_tells_once(store: Store) -> None:
    """A receipt shows what became of a letter; a second, a foreign and a nameless one nothing."""
    await add(store, post())
    await claim(store)
    await settle(store, PostStatus.SENT, receipt=Receipt("texts", "r1"))
    async with store.begin() as tx:
        assert not await tx.outbox.told("other", Told("r1", arrived=True), NOW)
        assert not await tx.outbox.told("texts", Told("r2", arrived=True), NOW)
        assert not await tx.outbox.told("texts", Told("", arrived=True), NOW)
        assert await tx.outbox.told("texts", Told("r1", arrived=False, reason="30003"), NOW)
        assert not await tx.outbox.told("texts", Told("r1", arrived=True), NOW)
    assert await sent(store) == [PostStatus.LOST]


async def test_a_message_counts_where_it_was_placed(store: Store) -> None:
    """A notice that was accepted for nowhere shows counted in its region once it is placed."""
    await add(store, notice())
    share, day = Share(region="+43", notices=True), NOW - timedelta(days=1)
    async with store.begin() as tx:
        assert await tx.sendings.at(share, 1, since=day, until=NOW) is None
        await tx.outbox.place(PostId("n1"), "+43")
        assert await tx.sendings.at(share, 1, since=day, until=NOW) == NOW
