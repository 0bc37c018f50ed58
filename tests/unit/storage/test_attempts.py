"""What lies in the rows of tries."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.core.errors import TooManyAttempts
from sidecar.core.model import ChallengeId
from sidecar.storage.attempts import CLOSED_RETRY_S
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import ADA, NOW, TWIN, Travel, open_sqlite, sqlite_file


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


C1 = ChallengeId("c1")


async def test_every_try_stays(store: SqlStore, tmp_path: Path) -> None:
    """An unsettled, a failed and a verified try show three rows, as they were."""
    async with store.begin() as tx:
        for outcome in (None, False, True):
            made = await tx.attempts.claim(ADA, "totp", known=True, challenge=C1, now=NOW)
            if outcome is not None:
                await tx.attempts.settle(made, verified=outcome, now=NOW)
    kept = rows(
        tmp_path,
        "SELECT verified, settled_at IS NULL, known, challenge_id "
        "FROM two_factor_attempts ORDER BY id",
    )
    assert kept == [
        (0, 1, 1, "c1"),
        (0, 0, 1, "c1"),
        (1, 0, 1, "c1"),
    ]


async def test_a_door_that_waiting_does_not_open_says_a_day(
    store: SqlStore, tmp_path: Path
) -> None:
    """Fifty old failures of strangers show a closed door and a wait of a day, not of seconds."""
    for _ in range(50):
        rows(
            tmp_path,
            "INSERT INTO two_factor_attempts "
            "(realm, subject, factor, known, challenge_id, at, verified) "
            "VALUES ('app', 'ada', 'totp', 0, 'c', '2026-01-01 00:00:00.000000', 0)",
        )
    with pytest.raises(TooManyAttempts) as closed:
        async with store.begin() as tx:
            await tx.attempts.claim(ADA, "totp", known=False, challenge=C1, now=NOW)
    assert closed.value.retry_after_s == CLOSED_RETRY_S
    async with store.begin() as tx:
        assert not (await tx.attempts.claim(ADA, "totp", known=True, challenge=C1, now=NOW)).last


async def test_nobody_is_counted_out_of_turn(store: SqlStore, tmp_path: Path) -> None:
    """A claim in a transaction about somebody else shows an error, and nothing counted.

    Two of them could else be counted at once, and both be let through.
    """
    with pytest.raises(RuntimeError, match="turn"):
        async with store.begin(TWIN) as tx:
            await tx.attempts.claim(ADA, "totp", known=True, challenge=C1, now=NOW)
    assert rows(tmp_path, "SELECT id FROM two_factor_attempts") == []
