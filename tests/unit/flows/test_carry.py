"""Messages are carried once each, whoever dies meanwhile."""

import asyncio
from pathlib import Path
from typing import cast
from unittest.mock import AsyncMock

import pytest

from sidecar.core.errors import DeliveryFailed, StoreUnavailable, Undelivered
from sidecar.core.messages import Message, Receipt
from sidecar.core.model import Challenge, ChallengeId
from sidecar.core.outbox import PostId, PostStatus
from sidecar.flows import carry
from sidecar.flows.carry import MOST_SENDS
from sidecar.flows.visit import Visit
from tests.mailbox import Mailbox
from tests.unit.flows.scene import ADA, stored_in
from tests.unit.flows.sending import Post, posting

VALUES = {"code": "482913", "minutes": "10"}


async def accept(post: Post, visit: Visit | None = None) -> PostId:
    """Return a code that was accepted, and whose process died before it was sent."""
    visit = visit or (await post.scene.enter())[0]
    message = Message("email", "sign_in_code", "ada@x.test", VALUES)
    async with post.scene.store.begin() as tx:
        (accepted,) = await post.scene.flows.deliveries.post(
            *(tx, visit, (message,)),
            challenge=ChallengeId("c1"),
            expires_at=visit.require_session().expires_at,
        )
    return accepted


async def died_sending(post: Post) -> PostId:
    """Return a code whose process died while it was handing it over."""
    accepted = await accept(post)
    async with post.scene.store.begin() as tx:
        await tx.outbox.claim(accepted, post.clock())
    return accepted


async def outcome(post: Post) -> PostStatus:
    async with post.scene.store.read() as tx:
        (sending,) = await tx.sendings.of(ChallengeId("c1"))
    return sending.status


async def recover(post: Post) -> None:
    await post.scene.flows.deliveries.carrier.recover()


async def test_what_was_accepted_survives_its_process(folder: Path) -> None:
    """A store closed between commit and send shows the code sent once, by another process."""
    async with posting(folder) as dead:
        await accept(dead)
    async with posting(folder, dead) as first, posting(folder, dead) as second:
        await asyncio.gather(recover(first), recover(second))
        assert first.mail.letters == []  # its sender may still be about to
        first.clock.travel(seconds=5)
        await asyncio.gather(*(recover(one) for one in (first, second) for _ in range(5)))
        assert len(first.mail.letters) == 1
        assert await outcome(second) is PostStatus.SENT


async def test_two_senders_send_once(post: Post) -> None:
    """Twenty senders of one message show one letter, and no failure."""
    accepted = await accept(post)
    await asyncio.gather(*(post.scene.flows.deliveries.send((accepted,)) for _ in range(20)))
    assert len(post.mail.letters) == 1


async def test_what_may_have_been_sent_is_not_sent_twice(post: Post) -> None:
    """A sender that died in the middle shows, after a minute, a message that stays unsure."""
    await died_sending(post)
    post.clock.travel(seconds=59)
    await recover(post)
    assert await outcome(post) is PostStatus.SENDING
    post.clock.travel(seconds=1)
    await recover(post)
    assert await outcome(post) is PostStatus.UNSURE
    assert post.mail.letters == []


async def test_a_provider_that_knows_the_key_is_asked_again(post: Post) -> None:
    """Where a provider takes a key once, the same letter shows up with the same key."""
    accepted = await died_sending(post)
    post.mail.idempotent = True
    post.clock.travel(seconds=60)
    await recover(post)
    (letter,) = post.mail.letters
    assert letter.key == accepted
    assert await outcome(post) is PostStatus.SENT


async def test_a_notice_is_offered_until_it_is_taken(post: Post) -> None:
    """A mail server that is down for a while shows the notice a minute after it is up again."""
    await post.scene.enter()  # the application states where the person can be reached
    post.mail.broken = DeliveryFailed("down")
    async with post.scene.store.begin() as tx:
        posts = await post.scene.flows.notices.tell(
            tx, post.scene.stranger(), "authenticator_removed", what="Phone", factor="totp"
        )
    await post.scene.flows.notices.send(posts)
    await recover(post)
    post.mail.broken = None
    await recover(post)
    assert post.mail.letters == []
    post.clock.travel(minutes=1)
    await recover(post)
    assert len(post.mail.letters) == 1


async def test_a_refused_notice_is_given_up(post: Post) -> None:
    """A mailbox that does not exist shows one try."""
    await post.scene.enter()
    post.mail.broken = DeliveryFailed("no such mailbox", why=Undelivered.RECIPIENT)
    async with post.scene.store.begin() as tx:
        posts = await post.scene.flows.notices.tell(
            tx, post.scene.stranger(), "authenticator_removed", what="Phone", factor="totp"
        )
    with pytest.raises(DeliveryFailed):
        await post.scene.flows.deliveries.send(posts)
    post.mail.broken = None
    post.clock.travel(minutes=1)
    await recover(post)
    assert post.mail.letters == []


async def test_a_transport_that_says_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport that never answers shows a message that is unsure, after a time."""
    monkeypatch.setattr(carry, "WITHIN_S", 0)
    accepted, post.mail.held = await accept(post), asyncio.Event()
    await post.scene.flows.deliveries.send((accepted,))
    assert await outcome(post) is PostStatus.UNSURE


@pytest.mark.parametrize(
    "broken",
    [
        ValueError("482913"),
        DeliveryFailed("?", why=Undelivered.UNSURE),
        asyncio.CancelledError("482913"),
    ],
)
async def test_a_transport_that_breaks(
    post: Post, broken: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    """A transport with a defect shows a message that may have been sent, and no word of it in the
    log.
    """
    accepted, post.mail.broken = await accept(post), broken
    await post.scene.flows.deliveries.send((accepted,))
    assert await outcome(post) is PostStatus.UNSURE
    written = capsys.readouterr()
    assert "482913" not in written.out + written.err


@pytest.mark.parametrize("said", [None, "queued", Receipt("mail", cast("str", 7))])
async def test_a_transport_that_talks_nonsense(
    post: Post, said: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is no receipt shows a message that may have been sent."""
    accepted = await accept(post)
    monkeypatch.setattr(post.mail, "send", AsyncMock(return_value=said))
    await post.scene.flows.deliveries.send((accepted,))
    assert await outcome(post) is PostStatus.UNSURE


async def test_a_transport_that_is_gone(folder: Path, post: Post) -> None:
    """A message accepted before a change of configuration shows that it reaches nobody."""
    accepted = await accept(post)
    async with posting(folder, post, transports={"texts": Mailbox("sms")}) as after:
        with pytest.raises(DeliveryFailed):
            await after.scene.flows.deliveries.send((accepted,))
        assert await outcome(after) is PostStatus.FAILED


async def test_what_cannot_be_written(post: Post) -> None:
    """A message without words for it shows a failure, and nothing is carried."""
    visit, _ = await post.scene.enter()
    message = Message("email", "no_such_message", "ada@x.test")
    async with post.scene.store.begin() as tx:
        posts = await post.scene.flows.deliveries.post(
            *(tx, visit, (message,)),
            challenge=ChallengeId("c1"),
            expires_at=visit.require_session().expires_at,
        )
    with pytest.raises(DeliveryFailed):
        await post.scene.flows.deliveries.send(posts)
    assert await outcome(post) is PostStatus.FAILED


async def test_one_that_is_stuck_holds_up_no_other(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that fails for one message shows the others sent."""
    await accept(post)
    post.clock.travel(seconds=31)
    second = await accept(post)
    whole = post.scene.flows.deliveries.carrier.carry

    async def carried(which: PostId, *, lost: bool = False) -> DeliveryFailed | None:
        if which != second:
            raise StoreUnavailable
        return await whole(which, lost=lost)

    monkeypatch.setattr(post.scene.flows.deliveries.carrier, "carry", carried)
    post.clock.travel(seconds=5)
    await recover(post)
    assert [letter.key for letter in post.mail.letters] == [second]


async def test_content_goes_with_its_use(post: Post, folder: Path) -> None:
    """A code that was typed, or sent for the last time, shows no content that is left."""
    visit = await post.confirmed()
    begun = await post.begin(visit)
    assert await kept(post, begun) == 1
    await post.answer(visit, begun)
    assert await kept(post, begun) == 0
    post.clock.travel(minutes=11)
    begun = await post.begin(visit)
    for _ in range(MOST_SENDS - 1):
        post.clock.travel(seconds=30)
        await post.scene.flows.deliveries.again(visit, begun)
    assert await kept(post, begun) == 0
    assert post.code().encode() not in stored_in(folder)


async def kept(post: Post, challenge: Challenge) -> int:
    async with post.scene.store.read() as tx:
        return len(await tx.outbox.latest(challenge.id))


async def test_a_woken_keeper_carries_at_once(post: Post) -> None:
    """A notice that somebody was told to send shows up without waiting for the next look."""
    await post.scene.enter()
    post.mail.taken = asyncio.Event()
    keeper = asyncio.ensure_future(post.scene.flows.deliveries.carrier.work())
    async with post.scene.store.begin() as tx:
        posts = await post.scene.flows.notices.tell(
            tx, post.scene.stranger(), "codes_made", what="", factor="backup_codes"
        )
    await post.scene.flows.notices.send(posts)
    await asyncio.wait_for(post.mail.taken.wait(), 10)
    await ended(keeper)
    assert post.mail.letters[0].to == f"{ADA.subject}@x.test"


async def test_the_keeper_outlives_an_outage(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot be read shows that it is looked at again."""
    monkeypatch.setattr(carry, "LOOKED_EVERY_S", 0)
    carrier, looks, again = post.scene.flows.deliveries.carrier, [], asyncio.Event()

    async def recover() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise StoreUnavailable
        again.set()

    monkeypatch.setattr(carrier, "recover", recover)
    keeper = asyncio.ensure_future(carrier.work())
    await asyncio.wait_for(again.wait(), 10)
    await ended(keeper)


async def ended(keeper: asyncio.Future[None]) -> None:
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper
