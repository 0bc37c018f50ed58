"""What lies in the rows of messages; what stores promise of them is in the conformance suite."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.model import ChallengeId
from sidecar.core.outbox import PostId, PostStatus
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import NOW, Travel, open_sqlite, sqlite_file
from tests.posts import MAIL, NUMBER, notice, post


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_sqlite(sqlite_file(tmp_path), Travel())
    yield opened
    await opened.close()


def run(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "sidecar.db")
    with connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("sidecar.db*"))


async def test_nothing_that_is_said_lies_open(store: SqlStore, tmp_path: Path) -> None:
    """The files of the database show neither code, number, address nor name of the account."""
    async with store.begin() as tx:
        await tx.outbox.add(post())
        await tx.outbox.add(notice())
    for secret in ("482913", NUMBER, NUMBER[1:], MAIL):
        assert secret.encode() not in stored(tmp_path)


async def test_a_notice_is_wiped_when_it_was_sent(store: SqlStore, tmp_path: Path) -> None:
    """A settled notice shows a row without content; a code keeps its own for a resend."""
    async with store.begin() as tx:
        for one in (notice(), post()):
            await tx.outbox.add(one)
            await tx.outbox.claim(one.id, NOW)
            await tx.outbox.settle(one.id, PostStatus.SENT, NOW)
    rows = run(tmp_path, "SELECT id, message IS NULL FROM outbox ORDER BY id")
    assert rows == [("n1", 1), ("p1", 0)]


async def test_a_copied_message_does_not_open(store: SqlStore, tmp_path: Path) -> None:
    """Content moved to another row shows a message that failed, and was sent to nobody."""
    async with store.begin() as tx:
        await tx.outbox.add(post())
        await tx.outbox.add(post("p2"))
    run(tmp_path, "UPDATE outbox SET message = (SELECT message FROM outbox WHERE id = 'p1')")
    async with store.begin() as tx:
        assert await tx.outbox.claim(PostId("p2"), NOW) is None
        assert [one.id for one in await tx.outbox.latest(ChallengeId("c1"))] == ["p1"]
    assert run(tmp_path, "SELECT status, failure FROM outbox WHERE id = 'p2'") == [
        ("failed", "unreadable")
    ]


async def test_a_wiped_message_is_not_sent(store: SqlStore, tmp_path: Path) -> None:
    """A queued row without content shows that it fails instead of being sent empty."""
    async with store.begin() as tx:
        await tx.outbox.add(post())
    run(tmp_path, "UPDATE outbox SET message = NULL")
    async with store.begin() as tx:
        assert await tx.outbox.claim(PostId("p1"), NOW + timedelta(seconds=1)) is None
    assert run(tmp_path, "SELECT status FROM outbox") == [("failed",)]
