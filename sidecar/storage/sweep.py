"""Removes rows that nothing can ask for any more; the audit trail and the tries all stay."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
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

EXPIRED = "expired"
"""Why a message failed that nobody took while it was of use."""


_LOOKED_UP = (
    (api_tokens, (api_tokens.c.expires_at, api_tokens.c.revoked_at)),
    (recovery_requests, (recovery_requests.c.expires_at, recovery_requests.c.decided_at)),
)


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
        delete(idempotency_keys).where(idempotency_keys.c.expires_at <= now),
        *(
            delete(table).where(or_(*(moment < now - LOOKED_UP for moment in ends)))
            for table, ends in _LOOKED_UP
        ),
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
