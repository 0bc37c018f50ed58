"""What nothing can ask for any more, table by table, and how a few rows of it are removed."""

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Table, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.feed import HANDOVERS
from sidecar.core.outbox import PostStatus
from sidecar.storage.client_tables import api_tokens, idempotency_keys, recovery_requests
from sidecar.storage.tables import (
    challenges,
    invitations,
    outbox,
    revocations,
    sessions,
    trusted_devices,
)

KEEP: Final = timedelta(days=7)
"""Longer than any proof, cached session or reader of the feed lasts."""

LOOKED_UP: Final = timedelta(days=90)
"""How long it can be looked up what a token was, and who asked for a recovery."""

LIVES_FOR: Final = timedelta(days=2)
"""Longer than any message is of use: only younger ones can still say something."""

SILENT: Final = timedelta(minutes=1)
"""After so long nobody is sending a message any more."""

TOLD: Final = timedelta(hours=1)
"""Much longer than a sign-in under way is held, or than whoever reads the feed can be behind."""

AT_A_TIME: Final = 1_000
"""Rows of one table that go in one transaction: nobody waits for it noticeably."""

EXPIRED: Final = "expired"
"""Why a message failed that nobody took while it was of use."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long is kept what is over."""

    attempts: timedelta = timedelta(days=90)
    challenges: timedelta = KEEP
    sessions: timedelta = KEEP
    outbox: timedelta = timedelta(days=30)
    longest_session: timedelta = timedelta(days=1)
    """Revocations stay for longer: as long as there may be what they are about."""


class Part(NamedTuple):
    """What one transaction did of a step."""

    removed: int
    more: bool
    """There is more of the same to do."""


Step = Callable[[AsyncConnection], Coroutine[object, object, Part]]
"""Does a part of the work, for one transaction."""


def steps(keep: Retention, now: datetime) -> Iterator[tuple[str, Step]]:
    """Yield each table with what is to be done about it, again and again until it is done.

    What somebody else works on is left for the next time: whoever sweeps holds rows of many
    people, and must not wait for one of them.
    """
    for closing in _closing(now):
        yield outbox.name, closing
    for table, condition in _over(keep, now):
        yield table.name, _removing(table, condition)


def _over(keep: Retention, now: datetime) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    before = now - KEEP
    yield challenges, challenges.c.expires_at < now - keep.challenges
    yield sessions, sessions.c.expires_at < now - keep.sessions
    yield revocations, _earlier_than_the_last(before - keep.longest_session)
    of_use_no_more = _earlier_than_the_last(now - TOLD)
    yield revocations, and_(revocations.c.kind == HANDOVERS, of_use_no_more)
    yield invitations, invitations.c.expires_at < before
    yield outbox, outbox.c.created_at < now - keep.outbox
    yield trusted_devices, trusted_devices.c.expires_at < before
    yield idempotency_keys, idempotency_keys.c.expires_at <= now
    for table, ended in ((api_tokens, "revoked_at"), (recovery_requests, "decided_at")):
        moments = table.c.expires_at, table.c[ended]
        yield table, or_(*(moment < now - LOOKED_UP for moment in moments))


def _earlier_than_the_last(moment: datetime) -> ColumnElement[bool]:
    """Return the condition for rows of the feed; its last one stays.

    A feed that ends below what a process read of it tells that the store was restored.
    """
    last = select(func.max(revocations.c.sequence)).scalar_subquery()
    return and_(revocations.c.at < moment, revocations.c.sequence < last)


def _removing(table: Table, condition: ColumnElement[bool]) -> Step:
    async def remove(connection: AsyncConnection) -> Part:
        gone = await connection.execute(delete(table).where(_free(table, condition)))
        return Part(gone.rowcount, more=gone.rowcount == AT_A_TIME)

    return remove


def _free(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a row is one of these, and nobody works on it."""
    key = tuple(table.primary_key.columns)
    found = select(*key).where(*conditions).limit(AT_A_TIME).with_for_update(skip_locked=True)
    # The oldest of the feed come first; the others are found by an index on their end.
    return tuple_(*key).in_(found.order_by(*key) if table is revocations else found)


def _closing(now: datetime) -> Iterator[Step]:
    """Messages of no use any more say nothing, and wait for nobody."""
    over, status = outbox.c.expires_at <= now, outbox.c.status
    silent = outbox.c.claimed_at <= now - SILENT
    young, says = outbox.c.created_at > now - LIVES_FOR, outbox.c.message.is_not(None)
    yield _changing((over, status == PostStatus.QUEUED), _ended(PostStatus.FAILED, now))
    yield _changing((over, status == PostStatus.SENDING, silent), _ended(PostStatus.UNSURE, now))
    yield _changing((over, young, says, status != PostStatus.SENDING), {"message": None})


def _changing(conditions: tuple[ColumnElement[bool], ...], changes: dict[str, object]) -> Step:
    async def change(connection: AsyncConnection) -> Part:
        closed = update(outbox).where(_free(outbox, *conditions)).values(changes)
        return Part(0, more=(await connection.execute(closed)).rowcount == AT_A_TIME)

    return change


def _ended(status: PostStatus, now: datetime) -> dict[str, object]:
    return {"status": status, "failure": EXPIRED, "settled_at": now}
