"""Messages on their way: sealed to their row, claimed by one, wiped when they are of no use."""

import json
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import SealBroken
from sidecar.core.messages import Message, Receipt, Told
from sidecar.core.model import ChallengeId, Person
from sidecar.core.outbox import Posted, PostId, PostStatus, Waiting
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.contacts import destination
from sidecar.storage.tables import outbox
from sidecar.storage.vault import Place, Vault, canonical

AT_A_TIME = 100
"""Waiting messages that are looked after in one go."""

WITHDRAWN = "withdrawn"
"""Why a message failed whose person is called otherwise since."""

_OPEN = (PostStatus.QUEUED, PostStatus.SENDING)
_TAKEN = (PostStatus.SENT, PostStatus.UNSURE)


class SqlOutbox:
    """Messages in `outbox`."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, posted: Posted) -> None:
        message = posted.message
        content = {"to": message.to, "values": dict(message.values), "account": posted.account}
        await self._connection.execute(
            insert(outbox).values(
                id=posted.id,
                **person_values(posted.person),
                challenge_id=posted.challenge_id,
                channel=message.channel,
                destination=destination(self._vault.ring, posted.contact),
                region=posted.region,
                template=message.template,
                language=posted.language,
                transport=message.transport,
                message=self._vault.seal(canonical(content), _place(posted.person, posted.id)),
                status=PostStatus.QUEUED,
                provider="",
                reference="",
                failure="",
                created_at=posted.created_at,
                expires_at=posted.expires_at,
                known=posted.known,
            )
        )

    async def claim(
        self, which: PostId, now: datetime, *, silent_since: datetime | None = None
    ) -> Posted | None:
        """Return the message that is now the caller's to send, by one statement; else None."""
        free = outbox.c.status == PostStatus.QUEUED
        if silent_since is not None:
            free = or_(free, _silent(silent_since))
        claimed = await self._connection.execute(
            update(outbox)
            .where(outbox.c.id == which, free, outbox.c.expires_at > now)
            .values(status=PostStatus.SENDING, claimed_at=now)
            .returning(*outbox.c)
        )
        row = claimed.one_or_none()
        if row is None:
            return None
        posted = self._read(row)
        if posted is None:
            await self.settle(which, PostStatus.FAILED, now, failure="unreadable")
        return posted

    async def place(self, which: PostId, region: str) -> None:
        await self._connection.execute(
            update(outbox).where(outbox.c.id == which).values(region=region)
        )

    async def settle(
        self,
        which: PostId,
        status: PostStatus,
        now: datetime,
        *,
        receipt: Receipt | None = None,
        failure: str = "",
    ) -> None:
        """What became of a claimed message is known; `QUEUED`: it waits for another try."""
        mine = and_(outbox.c.id == which, outbox.c.status == PostStatus.SENDING)
        told = {
            "status": status,
            "failure": failure,
            "provider": receipt.provider if receipt else "",
            "reference": receipt.reference if receipt else "",
        }
        again = status is PostStatus.QUEUED
        settled_at = None if again else now
        await self._connection.execute(
            update(outbox).where(mine).values(settled_at=settled_at, **told)
        )
        if not again:
            done = and_(outbox.c.id == which, outbox.c.challenge_id.is_(None), _settled())
            await self._connection.execute(update(outbox).where(done).values(message=None))

    async def waiting(
        self, now: datetime, *, unclaimed_since: datetime, silent_since: datetime
    ) -> tuple[Waiting, ...]:
        """Return what is still of use and nobody seems to be sending, longest left alone first.

        What one provider refuses again and again must not keep out what others would take.
        """
        fresh = and_(outbox.c.claimed_at.is_(None), outbox.c.created_at <= unclaimed_since)
        tried = outbox.c.claimed_at <= silent_since
        query = (
            select(outbox.c.id, outbox.c.transport, outbox.c.status)
            .where(outbox.c.status.in_(_OPEN), or_(fresh, tried), outbox.c.expires_at > now)
            .order_by(func.coalesce(outbox.c.claimed_at, outbox.c.created_at), outbox.c.id)
            .limit(AT_A_TIME)
        )
        return tuple(
            Waiting(PostId(row.id), row.transport, row.status == PostStatus.SENDING)
            for row in await self._connection.execute(query)
        )

    async def latest(self, challenge: ChallengeId) -> tuple[Posted, ...]:
        """Return the messages of a challenge that were sent last, as far as they can be read."""
        mine = outbox.c.challenge_id == challenge
        last = select(func.max(outbox.c.created_at)).where(mine).scalar_subquery()
        query = select(outbox).where(mine, outbox.c.created_at == last).order_by(outbox.c.id)
        found = [self._read(row) for row in await self._connection.execute(query)]
        return tuple(posted for posted in found if posted is not None)

    async def wipe(self, challenge: ChallengeId) -> None:
        """What messages of the challenge said is gone, but for those still to be sent."""
        await self._connection.execute(
            update(outbox)
            .where(outbox.c.challenge_id == challenge, _settled())
            .values(message=None)
        )

    async def hand_over(self, person: Person, to: Person, now: datetime) -> None:
        """Codes of the person are of no use any more; notices go on their way, as the other's.

        Else whoever renames somebody would keep from them what was done before.
        """
        mine = of_person(outbox, person)
        codes = and_(mine, outbox.c.challenge_id.is_not(None))
        await self._connection.execute(
            update(outbox)
            .where(codes, outbox.c.status == PostStatus.QUEUED)
            .values(status=PostStatus.FAILED, failure=WITHDRAWN, settled_at=now)
        )
        await self._connection.execute(update(outbox).where(codes).values(message=None))
        for row in (await self._connection.execute(select(outbox).where(mine, _says()))).all():
            await self._connection.execute(
                update(outbox).where(outbox.c.id == row.id).values(message=self._resealed(row, to))
            )
        await self._connection.execute(update(outbox).where(mine).values(**person_values(to)))

    def _resealed(self, row: Row[*tuple[object, ...]], to: Person) -> str | None:
        """Return the message as the other's; None where it does not open."""
        try:
            said = self._vault.unseal(row.message, _place(Person(row.realm, row.subject), row.id))
        except SealBroken:
            return None
        return self._vault.seal(said, _place(to, row.id))

    async def told(self, provider: str, told: Told, now: datetime) -> bool:
        """Return whether a provider's word was about a letter that it took."""
        if not told.reference:
            return False
        about = and_(outbox.c.provider == provider, outbox.c.reference == told.reference)
        status = PostStatus.ARRIVED if told.arrived else PostStatus.LOST
        heard = await self._connection.execute(
            update(outbox)
            .where(about, outbox.c.status.in_(_TAKEN))
            .values(status=status, failure=told.reason[:255], settled_at=now)
        )
        return heard.rowcount > 0

    def _read(self, row: Row[*tuple[object, ...]]) -> Posted | None:
        person = Person(row.realm, row.subject)
        if row.message is None:
            return None
        try:
            content = json.loads(self._vault.unseal(row.message, _place(person, row.id)))
        except SealBroken:
            return None
        return Posted(
            id=PostId(row.id),
            person=person,
            message=Message(
                *(row.channel, row.template, content["to"], content["values"]),
                transport=row.transport,
            ),
            account=content["account"],
            language=row.language,
            created_at=row.created_at,
            expires_at=row.expires_at,
            challenge_id=row.challenge_id and ChallengeId(row.challenge_id),
            region=row.region,
            known=row.known,
        )


def _silent(since: datetime) -> ColumnElement[bool]:
    return and_(outbox.c.status == PostStatus.SENDING, outbox.c.claimed_at <= since)


def _says() -> ColumnElement[bool]:
    return outbox.c.message.is_not(None)


def _settled() -> ColumnElement[bool]:
    return outbox.c.status.not_in(_OPEN)


def _place(person: Person, row: str) -> Place:
    return Place(person, "outbox", "message", row)
