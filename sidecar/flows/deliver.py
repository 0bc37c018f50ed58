"""Messages are accepted in the transaction that causes them, sent after it, and sent again.

What was accepted survives a crash: whoever looks after the outbox carries what nobody did.
"""

import asyncio
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from sidecar.core.errors import ChallengeGone, DeliveryFailed, TooManyAttempts
from sidecar.core.messages import Contact, Message
from sidecar.core.model import Challenge, ChallengeId, Person
from sidecar.core.outbox import Posted, PostId
from sidecar.core.stores import Transaction
from sidecar.flows.budgets import (
    Bound,
    bounds,
    free_at,
    hold_shared,
    is_owned,
    notice_bounds,
    require_room,
    require_used,
)
from sidecar.flows.carry import MOST_SENDS, Carrier
from sidecar.flows.kit import Kit, new_id
from sidecar.flows.visit import Visit

NOTICE_LIFE: Final = timedelta(days=1)
"""A notice that no provider takes is offered again for so long."""

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """Whom a message is for; a visit is one."""

    @property
    def person(self) -> Person: ...
    @property
    def label(self) -> str: ...
    @property
    def language(self) -> str: ...


async def used(tx: Transaction, challenge: ChallengeId, now: datetime) -> None:
    """The code of the challenge was typed: it counts as used, and is kept no longer."""
    if await tx.sendings.used(challenge, now):
        await tx.outbox.wipe(challenge)


class Deliveries:
    """Accepts messages, sends them, sends them again."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self.carrier = Carrier(kit)

    async def open(self, visit: Visit, challenge: Challenge, messages: Iterable[Message]) -> None:
        """The challenge is open, and its messages are with a provider.

        Raises:
            TooManyAttempts: a budget of messages is used up; the challenge is not open.
            DeliveryFailed: nothing is sent there; or, where it names the challenge, that is open
                and its code reached nobody.

        """
        async with self._kit.store.begin(visit.person) as tx:
            await tx.challenges.add(challenge)
            posts = await self.post(
                *(tx, visit, messages), challenge=challenge.id, expires_at=challenge.expires_at
            )
        await self.send(posts)

    # -- accepting -----------------------------------------------------------------------------

    async def post(
        self,
        tx: Transaction,
        visit: Visit,
        messages: Iterable[Message],
        *,
        challenge: ChallengeId,
        expires_at: datetime,
    ) -> tuple[PostId, ...]:
        """The codes are accepted, and counted, with everything else in the transaction.

        Raises:
            TooManyAttempts: a budget is used up; `retry_after_s` says for how long.
            DeliveryFailed: nothing carries them, or nothing is sent to where they go.

        """
        posts = [
            replace(
                self._post(visit, message),
                challenge_id=challenge,
                expires_at=expires_at,
                known=visit.known,
            )
            for message in messages
        ]
        return await self._accept(tx, posts)

    async def _accept(self, tx: Transaction, posts: list[Posted]) -> tuple[PostId, ...]:
        now, budgets = self._kit.clock(), self._kit.budgets
        for post in posts:
            owned = await is_owned(tx, post)
            await require_room(tx, self._bounds(post, owned=owned), now)
            await require_used(tx, budgets, post.region, now, owned=owned)
        for post in posts:
            await tx.outbox.add(post)
        return tuple(post.id for post in posts)

    async def post_notice(self, tx: Transaction, reader: Reader, message: Message) -> PostId | None:
        """Return the accepted notice; None: nothing carries it, or the person got too many."""
        try:
            post = self._post(reader, message)
        except DeliveryFailed as failed:
            log.info("notice.unsendable", channel=message.channel, reason_id=failed.why.value)
            return None
        limits = notice_bounds(
            *(self._kit.budgets, post.person, post.contact),
            region=post.region,
            owned=await is_owned(tx, post),
        )
        await hold_shared(tx, limits)
        if await free_at(tx, limits, post.created_at) > post.created_at:
            log.warning("notice.too_many", notice=message.template)
            return None
        await tx.outbox.add(post)
        return post.id

    def _post(self, reader: Reader, message: Message) -> Posted:
        now = self._kit.clock()
        return Posted(
            id=PostId(new_id()),
            person=reader.person,
            message=replace(message, transport=self._kit.carrier(message)),
            account=reader.label,
            language=self._kit.letters.language(reader.language),
            created_at=now,
            expires_at=now + NOTICE_LIFE,
            region=self._kit.budgets.region(Contact(message.channel, message.to)),
        )

    def _bounds(self, post: Posted, *, owned: bool) -> tuple[Bound, ...]:
        return bounds(
            *(self._kit.budgets, post.person, post.contact),
            region=post.region,
            known=post.known,
            owned=owned,
        )

    # -- sending -------------------------------------------------------------------------------

    async def send(self, posts: Iterable[PostId]) -> None:
        """Each message is with a provider, or known not to be.

        Raises:
            DeliveryFailed: none got through; `why` and `challenge` are those of the first.

        """
        work = map(self.carrier.carry, posts)
        found = await asyncio.gather(*work, return_exceptions=True)
        failures = [failure for failure in found if failure is not None]
        if failures and len(failures) == len(found):
            raise failures[0]

    async def again(self, visit: Visit, challenge: Challenge) -> None:
        """The code of the challenge is on its way once more; the earlier letter stays good.

        Nothing is counted anew: a resend gives not one more try (NIST OBV-7).

        Raises:
            ChallengeGone: the challenge is over, or was sent nowhere.
            TooManyAttempts: it is too early, or too often.
            DeliveryFailed: it did not get through.

        """
        session, now = visit.require_session(), self._kit.clock()
        async with self._kit.store.begin(visit.person) as tx:
            await tx.challenges.get(challenge.id, visit.person, session.id, now)
            if await self._sends(tx, challenge.id) >= MOST_SENDS:
                message = "sent as often as it may be; begin another"
                wait = math.ceil((challenge.expires_at - now).total_seconds())
                raise TooManyAttempts(message, retry_after_s=wait)
            latest = await tx.outbox.latest(challenge.id)
            if not latest:
                message = "nothing to send again"
                raise ChallengeGone(message)
            posts = await self._accept(
                tx,
                [
                    replace(post, id=PostId(new_id()), created_at=now, known=visit.known)
                    for post in latest
                ],
            )
        await self.send(posts)

    async def again_at(self, challenge: Challenge) -> datetime | None:
        """Return when the code may be sent again; None: no more, or there is none."""
        now = self._kit.clock()
        async with self._kit.store.read() as tx:
            latest = await tx.outbox.latest(challenge.id)
            if not latest or await self._sends(tx, challenge.id) >= MOST_SENDS:
                return None
            whens = [
                await free_at(tx, self._bounds(post, owned=await is_owned(tx, post)), now)
                for post in latest
            ]
        when = max(whens)
        return when if when < challenge.expires_at else None

    async def _sends(self, tx: Transaction, challenge: ChallengeId) -> int:
        return len({sending.at for sending in await tx.sendings.of(challenge)})
