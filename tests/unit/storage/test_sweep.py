"""What is swept away, and what never is."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from sidecar.core.outbox import PostId, PostStatus
from sidecar.storage.sql import SqlStore
from sidecar.storage.tables import outbox
from tests.conformance.stores import (
    ADA,
    NOW,
    TWIN,
    Travel,
    authenticator,
    challenge,
    open_sqlite,
    session,
    sqlite_file,
    token,
    trusted,
)
from tests.posts import post


async def test_sweeping_takes_only_what_is_over(tmp_path: Path) -> None:
    """Eight days on, expired rows are gone; a trail, tries and what lives show up unchanged."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    try:
        async with store.begin() as tx:
            await tx.sessions.add(session(), token("old"))
            await tx.sessions.add(session("s2", expires_at=NOW + timedelta(days=9)), token("new"))
            await tx.challenges.add(challenge())
            await tx.feed.append("person", TWIN, None, NOW)
            await tx.invitations.add(ADA, token("code"), by="x", expires_at=NOW)
            await tx.authenticators.add(authenticator())
            await tx.trusted.add(trusted(expires_at=NOW), token("counter"))
            await tx.trusted.add(trusted("b2"), token("counter"))
        assert await store.sweep(NOW + timedelta(days=6)) == 0
        assert await store.sweep(NOW + timedelta(days=8, seconds=1)) == 5
        async with store.begin() as tx:
            assert await tx.sessions.get(token("new"), NOW + timedelta(days=8)) is not None
            assert await tx.authenticators.of(ADA) == (authenticator(),)
            assert await tx.trusted.of(ADA, NOW) == (trusted("b2"),)
            await tx.feed.append("person", ADA, None, NOW)
            assert await tx.feed.last() == 2
    finally:
        await store.close()


async def test_messages_fall_silent_and_are_counted_for_a_month(tmp_path: Path) -> None:
    """Messages too late to be of use show no content and no sender; after 30 days they are gone."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    late = NOW + timedelta(minutes=10)
    try:
        async with store.begin() as tx:
            for which in ("waiting", "claimed", "sent"):
                await tx.outbox.add(post(which))
            await tx.outbox.claim(PostId("claimed"), late - timedelta(seconds=30))
            await tx.outbox.claim(PostId("sent"), NOW)
            await tx.outbox.settle(PostId("sent"), PostStatus.SENT, NOW)
        assert await outcomes(store, late - timedelta(seconds=1)) == {
            ("waiting", "queued", True),
            ("claimed", "sending", True),
            ("sent", "sent", True),
        }
        assert await outcomes(store, late) == {
            ("waiting", "failed", False),
            ("claimed", "sending", True),
            ("sent", "sent", False),
        }
        assert ("claimed", "unsure", False) in await outcomes(store, late + timedelta(minutes=1))
        assert len(await outcomes(store, NOW + timedelta(days=30))) == 3
        assert await outcomes(store, NOW + timedelta(days=30, seconds=1)) == set()
    finally:
        await store.close()


async def outcomes(store: SqlStore, now: datetime) -> set[tuple[str, str, bool]]:
    """Return each message, what became of it and whether it still says something."""
    await store.sweep(now)
    async with store.read() as tx:
        rows = await tx.connection.execute(select(outbox))
        return {(row.id, row.status, row.message is not None) for row in rows}
