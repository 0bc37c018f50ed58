"""What is swept away, and what never is."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from sidecar.core.clients import ClientId
from sidecar.core.model import SessionId
from sidecar.core.outbox import PostId, PostStatus
from sidecar.core.recoveries import RecoveryId, RecoveryStatus
from sidecar.metrics.words import Swept, words
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.sweep import Retention, steps
from sidecar.storage.tables import attempts, outbox
from tests.conformance.stores import (
    ADA,
    NOW,
    RING,
    TWIN,
    Travel,
    api_token,
    authenticator,
    challenge,
    open_sqlite,
    recovery,
    session,
    sqlite_file,
    token,
    trusted,
)
from tests.conformance.sweeping import swept
from tests.postgres import Server
from tests.posts import post
from tests.unit.storage.databases import rows


async def test_sweeping_takes_only_what_is_over(tmp_path: Path) -> None:
    """Eight days on, expired rows are gone; a trail, tries and what lives show up unchanged."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    try:
        async with store.begin() as tx:
            await tx.sessions.add(session(), token("old"))
            await tx.sessions.add(session("s2", expires_at=NOW + timedelta(days=9)), token("new"))
            await tx.challenges.add(challenge())
            await tx.feed.append("person", TWIN, None, NOW)
            await tx.feed.append("person", ADA, None, NOW)
            await tx.invitations.add(ADA, token("code"), by="x", expires_at=NOW)
            await tx.authenticators.add(authenticator())
            await tx.trusted.add(trusted(expires_at=NOW), token("counter"))
            await tx.trusted.add(trusted("b2"), token("counter"))
        assert await swept(store, NOW + timedelta(days=6)) == 0
        assert await swept(store, NOW + timedelta(days=8, seconds=1)) == 5
        async with store.begin() as tx:
            assert await tx.sessions.get(token("new"), NOW + timedelta(days=8)) is not None
            assert [row.sequence for row in await tx.feed.since(0)] == [2]
            assert await tx.authenticators.of(ADA) == (authenticator(),)
            assert await tx.trusted.of(ADA, NOW) == (trusted("b2"),)
            await tx.feed.append("person", ADA, None, NOW)
            assert await tx.feed.last() == 3
    finally:
        await store.close()


async def test_handovers_are_of_no_use_for_long(tmp_path: Path) -> None:
    """An hour on, what replicas told each other is gone but for the feed's last row; what was
    revoked shows up still.
    """
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    try:
        async with store.begin() as tx:
            await tx.feed.tell("marks", NOW)
            await tx.feed.append("person", ADA, None, NOW)
            await tx.feed.tell("marks", NOW)
        assert await swept(store, NOW + timedelta(hours=1)) == 0
        assert await swept(store, NOW + timedelta(hours=1, seconds=1)) == 1
        async with store.read() as tx:
            assert [row.kind for row in await tx.feed.since(0)] == ["person", "handovers"]
    finally:
        await store.close()


async def test_what_clients_left_is_swept_in_its_time(tmp_path: Path) -> None:
    """Keys go after a day; tokens and requests show up for 90 days after they are over."""
    store, month = await open_sqlite(sqlite_file(tmp_path), Travel()), timedelta(days=30)
    try:
        async with store.begin() as tx:
            await tx.replays.claim(ClientId("t1"), "k", "a" * 64, NOW)
            for which, expires_at in (("t1", NOW + month), ("t2", NOW + 9 * month)):
                token_of = api_token(which, expires_at=expires_at)
                await tx.tokens.add(token_of, token(which))
            await tx.tokens.add(api_token("t3", expires_at=NOW + 9 * month), token("t3"))
            await tx.tokens.revoke(ClientId("t3"), NOW)
            await tx.recoveries.add(recovery(expires_at=NOW + month))
            await tx.recoveries.decide(RecoveryId("r1"), RecoveryStatus.DENIED, "t2", NOW)
            await tx.recoveries.add(recovery("r2", person=TWIN, expires_at=NOW + month))
        a_day, a_moment = timedelta(days=1), timedelta(microseconds=1)
        assert await swept(store, NOW + a_day - a_moment) == 0
        assert await swept(store, NOW + a_day) == 1
        assert await swept(store, NOW + 3 * month) == 0
        assert await swept(store, NOW + 3 * month + a_moment) == 2
        async with store.read() as tx:
            assert [found.client.id for found in await tx.tokens.all()] == ["t1", "t2"]
            assert await tx.recoveries.get(RecoveryId("r1")) is None
            assert await tx.recoveries.get(RecoveryId("r2")) is not None
        assert await swept(store, NOW + 4 * month + a_moment) == 2
    finally:
        await store.close()
    assert rows(tmp_path, "SELECT * FROM recovery_approvals") == []


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
    await swept(store, now)
    async with store.read() as tx:
        rows = await tx.connection.execute(select(outbox))
        return {(row.id, row.status, row.message is not None) for row in rows}


async def test_sweeping_waits_for_nobody(postgres: Server) -> None:
    """Rows that others work on show left for the next time, and all others swept meanwhile."""
    late, week = NOW + timedelta(minutes=11), NOW + timedelta(days=9)
    async with postgres.store() as url:
        store = await open_store(url, RING, Travel())
        async with store.begin(ADA) as tx:
            for which in ("s1", "s2", "s3"):
                await tx.sessions.add(session(which), token(which))
            await tx.challenges.add(challenge())
            await tx.outbox.add(post("waiting"))
        async with store.begin(ADA) as tx:
            await tx.sessions.end(ADA, SessionId("s2"))
            await tx.outbox.claim(PostId("waiting"), NOW)
            assert await outcomes(store, late) == {("waiting", "queued", True)}
            assert await swept(store, week) == 3
        assert await outcomes(store, late) == {("waiting", "unsure", False)}
        assert await swept(store, week) == 1
        await store.close()


def test_every_table_that_is_swept_is_counted() -> None:
    """The tables of the steps show that metrics have a word for each, and no other word."""
    swept_tables = {table for table, _ in steps(Retention(), NOW)} | {attempts.name}
    assert swept_tables == {*words(Swept)}
