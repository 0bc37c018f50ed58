"""Codes are accepted with their challenge, sent, and sent again."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    DeliveryFailed,
    StoreUnavailable,
    TooManyAttempts,
    Undelivered,
)
from sidecar.core.messages import Message
from sidecar.core.model import ChallengeId
from sidecar.core.outbox import PostStatus
from sidecar.flows.admission import adding
from tests.unit.flows.sending import NUMBER, Post, posting

SENT, FAILED = PostStatus.SENT, PostStatus.FAILED


async def test_a_challenge_sends_its_code(post: Post) -> None:
    """Beginning shows one letter to the confirmed number, whose code is accepted once."""
    visit = await post.confirmed()
    begun = await post.begin(visit)
    (letter,) = post.texts.letters
    assert (letter.channel, letter.to, letter.expires_at) == ("sms", NUMBER, begun.expires_at)
    assert len(letter.key) == 32
    entered = await post.answer(visit, begun)
    assert entered.session.proofs
    with pytest.raises(ChallengeGone):
        await post.answer(visit, begun)


@pytest.mark.parametrize("why", [Undelivered.UNAVAILABLE, Undelivered.REFUSED])
async def test_what_reaches_nobody_stays_open(post: Post, why: Undelivered) -> None:
    """A provider that takes nothing shows a failure that names the challenge; it is open, may be
    sent again at once, and then answered.
    """
    visit = await post.confirmed()
    post.texts.broken = DeliveryFailed("no", why=why)
    with pytest.raises(DeliveryFailed) as failed:
        await post.begin(visit)
    assert failed.value.why is why
    begun = await post.scene.flows.challenges.show(visit, ChallengeId(failed.value.challenge))
    assert await post.statuses(begun) == [FAILED]
    post.texts.broken = None
    assert await post.scene.flows.deliveries.again_at(begun) == post.clock()
    post.clock.travel(seconds=1)
    await post.scene.flows.deliveries.again(visit, begun)
    await post.answer(visit, begun)


async def test_what_may_be_on_its_way_is_asked_for(post: Post) -> None:
    """An answer that is missing shows a challenge that may be answered, and no second letter."""
    visit = await post.confirmed()
    post.texts.broken = DeliveryFailed("?", why=Undelivered.UNSURE)
    begun = await post.begin(visit)
    assert await post.statuses(begun) == [PostStatus.UNSURE]


@pytest.mark.conforms("NIST-OBV-7")
async def test_a_resend_carries_the_same_code(post: Post) -> None:
    """Half a minute later the same code shows up once more under a key of its own; three times
    in all, and the first letter is still good.
    """
    visit = await post.confirmed()
    begun = await post.begin(visit)
    for _ in range(2):
        post.clock.travel(seconds=30)
        await post.scene.flows.deliveries.again(visit, begun)
    first, second, third = post.texts.letters
    assert first.text == second.text == third.text
    assert len({first.key, second.key, third.key}) == 3
    post.clock.travel(seconds=30)
    assert await post.scene.flows.deliveries.again_at(begun) is None
    with pytest.raises(TooManyAttempts, match="as often as it may be"):
        await post.scene.flows.deliveries.again(visit, begun)
    await post.answer(visit, begun, first.text.rsplit("#", 1)[1])


async def test_a_resend_waits(post: Post) -> None:
    """Too early a resend shows for how long to wait, and nothing is sent."""
    visit = await post.confirmed()
    begun = await post.begin(visit)
    post.clock.travel(seconds=12)
    with pytest.raises(TooManyAttempts) as early:
        await post.scene.flows.deliveries.again(visit, begun)
    assert early.value.retry_after_s == 18
    at = await post.scene.flows.deliveries.again_at(begun)
    assert at is not None
    assert (at - post.clock()).total_seconds() == 18
    assert len(post.texts.letters) == 1


async def test_the_code_on_its_way_is_found_again(post: Post) -> None:
    """Asked for once more, the challenge whose code is on its way shows, to its own session and
    purpose alone; one whose code went nowhere does not.
    """
    visit = await post.confirmed()
    underway = post.scene.flows.challenges.underway
    assert await underway(visit, "sms") is None
    begun = await post.begin(visit)
    assert await underway(visit, "sms") == begun
    assert await underway(visit, "sms", action=adding("totp")) is None
    assert await underway((await post.scene.enter())[0], "sms") is None
    await post.answer(visit, begun, post.code())
    assert await underway(visit, "sms") is None
    post.clock.travel(seconds=31)
    post.texts.broken = DeliveryFailed("down")
    with pytest.raises(DeliveryFailed):
        await post.begin(visit)
    assert await underway(visit, "sms") is None


async def test_two_resends_at_once_are_one(post: Post) -> None:
    """Five presses of the button at once show one more letter."""
    visit = await post.confirmed()
    begun = await post.begin(visit)
    post.clock.travel(seconds=30)
    again = post.scene.flows.deliveries.again
    done = await asyncio.gather(*(again(visit, begun) for _ in range(5)), return_exceptions=True)
    assert sum(one is None for one in done) == 1
    assert len(post.texts.letters) == 2


@pytest.mark.conforms("ASVS-6.6.2")
async def test_only_its_own_visit_has_it_sent_again(post: Post) -> None:
    """Another session, and a challenge that is over, show that nothing is sent again."""
    visit = await post.confirmed()
    begun = await post.begin(visit)
    post.clock.travel(seconds=31)
    other, _ = await post.scene.enter()
    with pytest.raises(ChallengeGone):
        await post.scene.flows.deliveries.again(other, begun)
    await post.answer(visit, begun)
    with pytest.raises(ChallengeGone):
        await post.scene.flows.deliveries.again(visit, begun)
    assert await post.scene.flows.deliveries.again_at(begun) is None


async def test_what_sends_nothing_cannot_be_sent_again(post: Post) -> None:
    """A challenge without messages shows that there is nothing to resend."""
    visit, _ = await post.scene.enroll()
    begun = await post.scene.flows.challenges.begin(visit, "totp")
    assert await post.scene.flows.deliveries.again_at(begun) is None
    with pytest.raises(ChallengeGone):
        await post.scene.flows.deliveries.again(visit, begun)


async def test_no_resend_outlives_the_challenge(post: Post) -> None:
    """A challenge about to end shows that its code cannot be sent again."""
    visit = await post.confirmed()
    begun = await post.begin(visit)
    post.clock.now = begun.expires_at
    assert await post.scene.flows.deliveries.again_at(begun) is None


async def test_regions_that_are_not_named_get_nothing(post: Post) -> None:
    """A number of another country shows a refusal, and a step that takes another number."""
    visit, begun = await post.newcomer()
    with pytest.raises(DeliveryFailed) as refused:
        await post.give(visit, begun, "+33612345678")
    assert refused.value.why is Undelivered.REFUSED
    assert not refused.value.challenge
    assert post.texts.letters == []
    await post.give(visit, begun)


async def test_what_nothing_carries_is_refused(folder: Path) -> None:
    """Without a transport for it a message shows a refusal before anything is kept."""
    async with posting(folder, transports={}) as post:
        visit, begun = await post.newcomer()
        with pytest.raises(DeliveryFailed) as refused:
            await post.give(visit, begun)
        assert refused.value.why is Undelivered.REFUSED


async def test_a_message_may_name_its_transport(post: Post) -> None:
    """A message that names a transport shows up there alone, or nowhere."""
    visit, _ = await post.scene.enter()
    deliveries = post.scene.flows.deliveries
    values = {"code": "123456", "minutes": "10"}
    named = Message("email", "sign_in_code", "ada@x.test", values, transport="mail")
    async with post.scene.store.begin() as tx:
        posts = await deliveries.post(
            *(tx, visit, (named, replace(named, channel="sms", to=NUMBER, transport=""))),
            challenge=ChallengeId("c1"),
            expires_at=visit.require_session().expires_at,
        )
    await deliveries.send(posts)
    assert (len(post.mail.letters), len(post.texts.letters)) == (1, 1)
    async with post.scene.store.begin() as tx:
        with pytest.raises(DeliveryFailed):
            await deliveries.post(
                *(tx, visit, (replace(named, transport="gone"),)),
                challenge=ChallengeId("c1"),
                expires_at=visit.require_session().expires_at,
            )


async def test_one_of_two_is_enough(post: Post, folder: Path) -> None:
    """Two messages of which one gets through show no failure; a store that is down shows itself."""
    visit, _ = await post.scene.enter()
    deliveries, values = post.scene.flows.deliveries, {"code": "123456", "minutes": "10"}
    both = (
        Message("email", "sign_in_code", "ada@x.test", values),
        Message("sms", "sign_in_code", NUMBER, values),
    )
    async with post.scene.store.begin() as tx:
        posts = await deliveries.post(
            *(tx, visit, both),
            challenge=ChallengeId("c1"),
            expires_at=visit.require_session().expires_at,
        )
    post.texts.broken = DeliveryFailed("no")
    await deliveries.send(posts)
    await deliveries.send(())
    (folder / "sidecar.db").rename(folder / "gone.db")
    with pytest.raises(StoreUnavailable):
        await deliveries.send(posts)
