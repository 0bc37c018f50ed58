"""Removes rows that nothing can ask for any more; the audit trail and the tries all stay."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage.tables import challenges, invitations, revocations, sessions

KEEP = timedelta(days=7)
"""Longer than any proof, cached session or reader of the feed lasts."""


async def sweep(connection: AsyncConnection, now: datetime) -> int:
    """Return how many rows were removed."""
    before = now - KEEP
    statements = (
        delete(challenges).where(challenges.c.expires_at < before),
        delete(sessions).where(sessions.c.expires_at < before),
        delete(revocations).where(revocations.c.at < before),
        delete(invitations).where(invitations.c.expires_at < before),
    )
    return sum([(await connection.execute(statement)).rowcount for statement in statements])
