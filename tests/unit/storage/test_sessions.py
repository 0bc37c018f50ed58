"""What lies in the rows of sessions."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.storage.sql import SqlStore
from tests.conformance.stores import (
    ADA,
    NOW,
    Travel,
    open_sqlite,
    proof,
    session,
    sqlite_file,
    token,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_sqlite(sqlite_file(tmp_path), Travel())
    yield opened
    await opened.close()


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "sidecar.db")
    with connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


async def test_an_ended_session_keeps_nothing_that_opens(store: SqlStore, tmp_path: Path) -> None:
    """The row of an ended session shows no token of any time and no proof."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), token("old"))
        await tx.sessions.elevate(session().id, proof(), token("new"), login="login-1", now=NOW)
        await tx.sessions.end(ADA, None)
    kept = rows(
        tmp_path, "SELECT token_hash, previous_hash, previous, proofs, status FROM sessions"
    )
    assert kept == [(None, None, None, "[]", "ended")]


async def test_finding_a_session_reads_no_table_whole(store: SqlStore, tmp_path: Path) -> None:
    """The plan of the query by token shows indexes only, however many sessions there are."""
    async with store.begin() as tx:
        await tx.sessions.add(session(), token("old"))
    plan = rows(
        tmp_path,
        "EXPLAIN QUERY PLAN SELECT * FROM sessions LEFT JOIN two_factor_configs AS c "
        "ON c.realm = sessions.realm AND c.subject = sessions.subject "
        "WHERE sessions.status != 'ended' AND (token_hash = 'x' OR previous_hash = 'x')",
    )
    assert not [line for line in plan if str(line[3]).startswith("SCAN")]
