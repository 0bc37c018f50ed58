"""What every store promises about counting what was sent."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.core.messages import Contact
from sidecar.core.model import ChallengeId, Person
from sidecar.core.outbox import Posted, PostId, PostStatus, Share, Usage
from sidecar.core.stores import Store
from tests.conformance.stores import ADA, NOW, TWIN
from tests.posts import MAILBOX, NUMBER, PHONE, notice, post

EACH = count()
AGO = NOW - timedelta(days=1)


async def add(store: Store, *posts: Posted, status: PostStatus | None = None) -> None:
    async with store.begin() as tx:
        for one in posts:
            await tx.outbox.add(one)
            if status is not None:
                await tx.outbox.claim(one.id, NOW)
                await tx.outbox.settle(one.id, status, NOW)


async def at(store: Store, share: Share, number: int = 1, since: datetime = AGO) -> datetime | None:
    async with store.read() as tx:
        return await tx.sendings.at(share, number, since=since, until=NOW)


async def usage(store: Store, since: datetime = AGO, until: datetime = NOW) -> tuple[Usage, ...]:
    async with store.read() as tx:
        return await tx.sendings.usage(since, until)


@pytest.mark.parametrize(
    ("share", "counted"),
    [
        (Share(), True),
        (Share(person=ADA), True),
        (Share(person=TWIN), False),
        (Share(contact=PHONE), True),
        (Share(contact=Contact("voice", NUMBER)), False),
        (Share(contact=MAILBOX), False),
        (Share(region="+49"), True),
        (Share(region="+1"), False),
        (Share(known=False), True),
        (Share(known=True), False),
        (Share(notices=True), False),
        (Share(person=ADA, contact=PHONE, region="+49", known=False), True),
        (Share(person=ADA, contact=PHONE, region="+1", known=False), False),
    ],
)
async def test_who_shares(store: Store, share: Share, counted: bool) -> None:
    """Each way of sharing shows whether a message is counted by it."""
    await add(store, post())
    assert (await at(store, share) is not None) is counted


async def test_notices_are_counted_apart(store: Store) -> None:
    """A notice shows in the share of notices alone."""
    await add(store, notice())
    assert await at(store, Share()) is None
    assert await at(store, Share(person=ADA, notices=True)) == NOW


async def test_what_a_wrong_clock_dated_is_not_counted(store: Store) -> None:
    """A message of tomorrow shows nowhere, and one of now behind it does."""
    await add(store, post(created_at=NOW + timedelta(days=1)))
    assert await at(store, Share()) is None
    await add(store, post("p2"))
    assert await at(store, Share()) == NOW


async def test_what_nobody_took_is_not_counted(store: Store) -> None:
    """A failed message shows nowhere; one that may have gone out does."""
    await add(store, post(), status=PostStatus.FAILED)
    assert await at(store, Share()) is None
    await add(store, post("p2"), status=PostStatus.UNSURE)
    assert await at(store, Share()) == NOW


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(st.integers(0, 200), max_size=12), st.integers(1, 6), st.integers(0, 200))
async def test_the_nth_latest(store: Store, ages: list[int], number: int, window: int) -> None:
    """Any moments show the same as sorting them: the n-th latest that is not too old."""
    person = Person("app", f"somebody-{next(EACH)}")
    posts = [
        post(f"{person.subject}-{index}", person, created_at=NOW - timedelta(seconds=age))
        for index, age in enumerate(ages)
    ]
    await add(store, *posts)
    inside = sorted(age for age in ages if age < window)
    expected = NOW - timedelta(seconds=inside[number - 1]) if len(inside) >= number else None
    since = NOW - timedelta(seconds=window)
    assert await at(store, Share(person=person), number, since) == expected


async def test_of_a_challenge(store: Store) -> None:
    """Sendings of a challenge show newest first, with what became of each."""
    later = NOW + timedelta(seconds=30)
    await add(store, post(), status=PostStatus.FAILED)
    await add(store, post("p2", created_at=later), post("p3", challenge_id=ChallengeId("c2")))
    async with store.read() as tx:
        found = await tx.sendings.of(ChallengeId("c1"))
    assert [(one.at, one.status) for one in found] == [
        (later, PostStatus.QUEUED),
        (NOW, PostStatus.FAILED),
    ]


async def test_use(store: Store) -> None:
    """Codes that went out show by channel and region how many were typed, notices nothing."""
    await add(store, post(), post("p2"), status=PostStatus.SENT)
    await add(store, post("p3", challenge_id=ChallengeId("c2")), status=PostStatus.LOST)
    await add(store, post("p4", region="+1", challenge_id=ChallengeId("c3")), notice())
    await add(store, post("p5", challenge_id=ChallengeId("c4")), status=PostStatus.FAILED)
    assert await usage(store) == (Usage("sms", "+49", 3, 0),)
    async with store.begin() as tx:
        await tx.sendings.used(ChallengeId("c1"), NOW)
    assert await usage(store) == (Usage("sms", "+49", 3, 2),)
    assert await usage(store, NOW) == ()
    assert await usage(store, until=NOW - timedelta(seconds=1)) == ()


async def test_the_store_keeps_ids_apart(store: Store) -> None:
    """Two people's messages show that neither is counted as the other's."""
    await add(store, post(), post("p2", TWIN))
    async with store.begin() as tx:
        await tx.outbox.claim(PostId("p2"), NOW)
        await tx.outbox.settle(PostId("p2"), PostStatus.FAILED, NOW)
    assert await at(store, Share(person=TWIN)) is None
    assert await at(store, Share(person=ADA)) == NOW
