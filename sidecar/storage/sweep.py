"""Removes rows that nothing can ask for any more; the audit trail and the tries all stay."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

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

KEEP = timedelta(days=7)
"""Longer than any proof, cached session or reader of the feed lasts."""

LOOKED_UP = timedelta(days=90)
"""How long it can be looked up what a token was, and who asked for a recovery."""

COUNTED = timedelta(days=30)
"""How long a message is remembered that was sent, without what it said."""

LIVES_FOR = timedelta(days=2)
"""Longer than any message is of use: only younger ones can still say something."""

SILENT = timedelta(minutes=1)
"""After so long nobody is sending a message any more."""

AT_A_TIME = 10_000
"""Rows of one table that go at a time, well within the time that a statement has."""

EXPIRED = "expired"
"""Why a message failed that nobody took while it was of use."""


_LOOKED_UP = (
    (api_tokens, (api_tokens.c.expires_at, api_tokens.c.revoked_at)),
    (recovery_requests, (recovery_requests.c.expires_at, recovery_requests.c.decided_at)),
)


async def sweep(connection: AsyncConnection, now: datetime) -> int:
    """Return how many rows were removed.

    What somebody else works on is left for the next time: whoever sweeps holds rows of many
    people, and must not wait for one of them.
    """
    await _close_outbox(connection, now)
    before = now - KEEP
    over: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (challenges, challenges.c.expires_at < before),
        (sessions, sessions.c.expires_at < before),
        (revocations, revocations.c.at < before),
        (invitations, invitations.c.expires_at < before),
        (outbox, outbox.c.created_at < now - COUNTED),
        (trusted_devices, trusted_devices.c.expires_at < before),
        (idempotency_keys, idempotency_keys.c.expires_at <= now),
        *(
            (table, or_(*(moment < now - LOOKED_UP for moment in ends)))
            for table, ends in _LOOKED_UP
        ),
    )
    removed = 0
    for table, condition in over:
        gone = await connection.execute(delete(table).where(_free(table, condition)))
        removed += gone.rowcount
    return removed


def _free(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a row is one of these, and nobody works on it."""
    key = tuple(table.primary_key.columns)
    found = select(*key).where(*conditions).limit(AT_A_TIME).with_for_update(skip_locked=True)
    return tuple_(*key).in_(found)


async def _close_outbox(connection: AsyncConnection, now: datetime) -> None:
    """Messages of no use any more say nothing, and wait for nobody."""
    over, status = outbox.c.expires_at <= now, outbox.c.status
    silent = outbox.c.claimed_at <= now - SILENT
    young, says = outbox.c.created_at > now - LIVES_FOR, outbox.c.message.is_not(None)
    for conditions, changes in (
        ((over, status == PostStatus.QUEUED), _ended(PostStatus.FAILED, now)),
        ((over, status == PostStatus.SENDING, silent), _ended(PostStatus.UNSURE, now)),
        ((over, young, says, status != PostStatus.SENDING), {"message": None}),
    ):
        closed = update(outbox).where(_free(outbox, *conditions)).values(changes)
        await connection.execute(closed)


def _ended(status: PostStatus, now: datetime) -> dict[str, object]:
    return {"status": status, "failure": EXPIRED, "settled_at": now}
