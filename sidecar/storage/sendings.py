"""What was sent, as it is counted: by person, address, region and altogether."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import ChallengeId
from sidecar.core.outbox import PostStatus, Sending, Share, Usage
from sidecar.storage.columns import of_person
from sidecar.storage.contacts import destinations
from sidecar.storage.locks import LEDGER, hold
from sidecar.storage.tables import outbox
from sidecar.storage.vault import KeyRing
from sidecar.storage.written import Written

_USED: Final = Written(
    update(outbox).where(
        outbox.c.challenge_id == bindparam("challenge"), outbox.c.verified_at.is_(None)
    ),
    sets=("verified_at",),
)
_WENT_OUT = (PostStatus.SENT, PostStatus.UNSURE, PostStatus.ARRIVED, PostStatus.LOST)


class SqlSendings:
    """The rows of `outbox`, whatever of them is left."""

    def __init__(self, connection: AsyncConnection, ring: KeyRing) -> None:
        self._connection = connection
        self._ring = ring

    async def hold(self) -> None:
        """Nobody else has messages accepted until the transaction ends, who asks for it too."""
        await hold(self._connection, LEDGER)

    async def at(
        self, share: Share, number: int, *, since: datetime, until: datetime
    ) -> datetime | None:
        """Return when the `number`-latest of the share was accepted; None: not so many since."""
        query = (
            select(outbox.c.created_at)
            .where(*self._of(share), outbox.c.created_at > since, outbox.c.created_at <= until)
            .order_by(outbox.c.created_at.desc())
            .offset(number - 1)
            .limit(1)
        )
        found: datetime | None = (await self._connection.execute(query)).scalar_one_or_none()
        return found

    async def of(self, challenge: ChallengeId) -> tuple[Sending, ...]:
        """Return what was accepted for the challenge, newest first."""
        query = (
            select(outbox.c.created_at, outbox.c.status)
            .where(outbox.c.challenge_id == challenge)
            .order_by(outbox.c.created_at.desc(), outbox.c.id)
        )
        rows = await self._connection.execute(query)
        return tuple(Sending(row.created_at, PostStatus(row.status)) for row in rows)

    async def used(self, challenge: ChallengeId, now: datetime) -> bool:
        """A code of the challenge was typed; return whether one that was sent counts by that."""
        said = {"challenge": challenge, "verified_at": now}
        return (await _USED.on(self._connection, said)).number > 0

    async def usage(self, since: datetime, until: datetime) -> tuple[Usage, ...]:
        """Return the use of codes that went out between two moments."""
        used = func.sum(case((outbox.c.verified_at.is_not(None), 1), else_=0))
        query = (
            select(
                outbox.c.channel, outbox.c.region, func.count().label("sent"), used.label("used")
            )
            .where(
                outbox.c.challenge_id.is_not(None),
                outbox.c.status.in_(_WENT_OUT),
                and_(outbox.c.created_at > since, outbox.c.created_at <= until),
            )
            .group_by(outbox.c.channel, outbox.c.region)
            .order_by(outbox.c.channel, outbox.c.region)
        )
        rows = await self._connection.execute(query)
        return tuple(Usage(row.channel, row.region, row.sent, row.used) for row in rows)

    def _of(self, share: Share) -> list[ColumnElement[bool]]:
        code = outbox.c.challenge_id
        wanted = [
            code.is_(None) if share.notices else code.is_not(None),
            outbox.c.status != PostStatus.FAILED,
        ]
        if share.person is not None:
            wanted.append(of_person(outbox, share.person))
        if share.contact is not None:
            wanted.append(outbox.c.channel == share.contact.channel)
            wanted.append(outbox.c.destination.in_(destinations(self._ring, share.contact)))
        if share.region:
            wanted.append(outbox.c.region == share.region)
        if share.known is not None:
            wanted.append(outbox.c.known.is_(share.known))
        return wanted
