"""Accepted messages are handed to transports, once each; what a crash left is found again."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import structlog

from sidecar.core.errors import DeliveryFailed, StoreUnavailable, Undelivered
from sidecar.core.messages import Receipt
from sidecar.core.outbox import Posted, PostId, PostStatus, Waiting
from sidecar.core.stores import APART, Transaction
from sidecar.flows.budgets import is_beyond, is_owned, notice_bounds, usage
from sidecar.flows.guarded import is_receipt, leaving
from sidecar.flows.kit import Kit
from sidecar.logs import place
from sidecar.metrics.words import Outcome

WITHIN_S: Final = 15.0
"""Longer than a transport's own patience, so that it is the one that says what happened."""
MOST_SENDS: Final = 3
"""Times that the code of one challenge is sent."""
UNCLAIMED_FOR: Final = timedelta(seconds=5)
"""After so long a message that was accepted waits for whoever finds it."""
SILENT_FOR: Final = timedelta(seconds=60)
"""After so long nobody is sending a message any more: their process died."""
LOOKED_EVERY_S: Final = 3.0

log = structlog.get_logger(__name__)


class Carrier:
    """Carries messages; of all processes one claims each, by one statement."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._woken: set[PostId] = set()
        self._wake = asyncio.Event()

    async def carry(self, which: PostId, *, lost: bool = False) -> DeliveryFailed | None:
        """Return why the message did not get through; None: it did, or somebody else carries it.

        `lost`: whoever claimed it before died, and its transport takes the same letter twice.
        """
        now = self._kit.clock()
        silent_since = now - SILENT_FOR if lost else None
        async with self._kit.store.begin(APART) as tx:
            post = await tx.outbox.claim(which, now, silent_since=silent_since)
            if post is not None and post.left and not await self._may_go(tx, post):
                return None
        if post is None:
            return None
        try:
            async with asyncio.timeout(WITHIN_S):
                receipt = await self._hand_over(post)
        except TimeoutError:
            return await self._failed(post, Undelivered.UNSURE)
        except DeliveryFailed as failed:
            return await self._failed(post, failed.why)
        await self._settle(post, PostStatus.SENT, Outcome.SENT, receipt=receipt)
        return None

    async def _may_go(self, tx: Transaction, post: Posted) -> bool:
        """Tell whether a notice may be sent that an operator's act left: that knows no budgets.

        Whoever has a token could else switch somebody off and on all day, for the toll.
        """
        try:
            region = self._kit.budgets.region(post.contact)
        except DeliveryFailed:
            return True  # for whoever hands it over to refuse
        await tx.outbox.place(post.id, region)
        known = await is_owned(tx, post)
        limits = notice_bounds(
            self._kit.budgets, post.person, post.contact, region=region, owned=known
        )
        if not await is_beyond(tx, limits, post.created_at):
            return True
        log.warning("notice.too_many", notice=post.message.template)
        await tx.outbox.settle(
            post.id, PostStatus.FAILED, self._kit.clock(), failure=Undelivered.REFUSED.value
        )
        return False

    async def _hand_over(self, post: Posted) -> Receipt:
        """Return the receipt; what a transport breaks may have been sent all the same.

        Raises:
            DeliveryFailed: it was not taken, or that is not known.

        """
        # Both may have changed since, or were never asked: an operator's command carries nothing.
        transport = self._kit.transports[self._kit.carrier(post.message)]
        self._kit.budgets.region(post.contact)
        try:
            letter = self._kit.letters.write(post)
        except Exception as broken:  # noqa: BLE001 - templates of others may raise anything
            _report(broken, "message.unwritable", template=post.message.template)
            raise DeliveryFailed("unwritable", why=Undelivered.REFUSED) from None
        try:
            receipt = await transport.send(letter)
            return receipt if is_receipt(receipt) else _no_receipt(receipt)
        except (DeliveryFailed, TimeoutError):
            raise
        except (Exception, asyncio.CancelledError) as broken:
            if leaving():
                raise
            _report(broken, "transport.broken", transport=post.message.transport)
            raise DeliveryFailed("broken", why=Undelivered.UNSURE) from None

    async def _failed(self, post: Posted, why: Undelivered) -> DeliveryFailed | None:
        log.warning(
            "message.failed",
            transport=post.message.transport,
            template=post.message.template,
            reason_id=why.value,
        )
        self._kit.counts.failed(post.message.transport, why)
        if why is Undelivered.UNSURE:
            # It may be on its way, so its code is asked for; it can be sent again on demand.
            await self._settle(post, PostStatus.UNSURE, Outcome.UNSURE, failure=why.value)
            return None
        notice = post.challenge_id is None
        again = notice and why is Undelivered.UNAVAILABLE
        status = PostStatus.QUEUED if again else PostStatus.FAILED
        await self._settle(post, status, Outcome.FAILED, failure=why.value)
        return DeliveryFailed(
            f"{post.message.channel}: {why}", why=why, challenge=post.challenge_id or ""
        )

    async def _settle(
        self,
        post: Posted,
        status: PostStatus,
        outcome: Outcome,
        *,
        receipt: Receipt | None = None,
        failure: str = "",
    ) -> None:
        async with self._kit.store.begin(post.person) as tx:
            await tx.outbox.settle(
                post.id, status, self._kit.clock(), receipt=receipt, failure=failure
            )
            if post.challenge_id is not None:
                sent = await tx.sendings.of(post.challenge_id)
                if len({one.at for one in sent}) >= MOST_SENDS:
                    await tx.outbox.wipe(post.challenge_id)
        self._kit.counts.sent(post.message.transport, post.message.channel, outcome)

    # -- what nobody carries -------------------------------------------------------------------

    def wake(self, posts: Iterable[PostId]) -> None:
        """These are carried soon, without anybody's waiting for it."""
        self._woken.update(posts)
        self._wake.set()

    async def recover(self) -> None:
        """Everything that waits was offered to its transport, or is known to be unsure.

        Raises:
            StoreUnavailable: the outbox cannot be read.

        """
        now = self._kit.clock()
        woken, self._woken = self._woken, set()
        async with self._kit.store.read() as tx:
            waiting = await tx.outbox.waiting(
                now, unclaimed_since=now - UNCLAIMED_FOR, silent_since=now - SILENT_FOR
            )
        found = {item.id for item in waiting}
        work = [*map(self._recover, waiting), *map(self.carry, woken - found)]
        for failure in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(failure, Exception) and not isinstance(failure, DeliveryFailed):
                log.error("message.stuck", exc_info=failure)

    async def _recover(self, item: Waiting) -> DeliveryFailed | None:
        """Carry what was never claimed; what was may have been sent, so only some again."""
        transport = self._kit.transports.get(item.transport)
        if not item.claimed or (transport is not None and transport.traits.idempotent):
            return await self.carry(item.id, lost=item.claimed)
        log.warning("message.unsure", transport=item.transport)
        async with self._kit.store.begin(APART) as tx:
            await tx.outbox.settle(
                item.id, PostStatus.UNSURE, self._kit.clock(), failure=Undelivered.UNSURE.value
            )
        return None

    async def tell_usage(self) -> None:
        """Tell how many of the latest codes were used.

        Raises:
            StoreUnavailable: it cannot be counted.

        """
        async with self._kit.store.read() as tx:
            found = await usage(tx, self._kit.clock())
        self._kit.counts.used({item: self._kit.budgets.too_few_used(item) for item in found})

    async def work(self) -> None:
        """Look after the outbox until cancelled; an outage of the store is waited out."""
        readable = True
        while True:
            self._wake.clear()
            try:
                await self.recover()
                await self.tell_usage()
            except StoreUnavailable as unavailable:
                # Said once: an outage of an hour is no news a moment later.
                if readable:
                    log.warning("outbox.unreadable", why=unavailable.why.value)
                readable = False
            else:
                readable = True
            try:
                await asyncio.wait_for(self._wake.wait(), LOOKED_EVERY_S)
            except TimeoutError:
                continue


def _no_receipt(found: object) -> Receipt:
    message = f"no receipt, but {type(found).__name__}"
    raise TypeError(message)


def _report(broken: BaseException, event: str, **said: str) -> None:
    """Log what broke and where; its text may hold the code, or whom it was for."""
    log.error(event, kind=type(broken).__name__, place=place(broken), **said)
