"""Removes rows that nothing can ask for any more; the audit trail and the tries all stay."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.outbox import PostStatus
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


COUNTED = timedelta(days=30)
"""How long a message is remembered that was sent, without what it said."""

LIVES_FOR = timedelta(days=2)
"""Longer than any message is of use: only younger ones can still say something."""

SILENT = timedelta(minutes=1)
"""After so long nobody is sending a message any more."""

EXPIRED = "expired"
"""Why a message failed that nobody took while it was of use."""


async def sweep(connection: AsyncConnection, now: datetime) -> int:
    """Return how many rows were removed."""
    await _close_outbox(connection, now)
    before = now - KEEP
    statements = (
        delete(challenges).where(challenges.c.expires_at < before),
        delete(sessions).where(sessions.c.expires_at < before),
        delete(revocations).where(revocations.c.at < before),
        delete(invitations).where(invitations.c.expires_at < before),
        delete(outbox).where(outbox.c.created_at < now - COUNTED),
        delete(trusted_devices).where(trusted_devices.c.expires_at < before),
    )
    return sum([(await connection.execute(statement)).rowcount for statement in statements])


async def _close_outbox(connection: AsyncConnection, now: datetime) -> None:
    """Messages of no use any more say nothing, and wait for nobody."""
    over = outbox.c.expires_at <= now
    await connection.execute(
        update(outbox)
        .where(over, outbox.c.status == PostStatus.QUEUED)
        .values(status=PostStatus.FAILED, failure=EXPIRED, settled_at=now)
    )
    await connection.execute(
        update(outbox)
        .where(over, outbox.c.status == PostStatus.SENDING, outbox.c.claimed_at <= now - SILENT)
        .values(status=PostStatus.UNSURE, failure=EXPIRED, settled_at=now)
    )
    await connection.execute(
        update(outbox)
        .where(
            *(over, outbox.c.created_at > now - LIVES_FOR),
            *(outbox.c.message.is_not(None), outbox.c.status != PostStatus.SENDING),
        )
        .values(message=None)
    )
