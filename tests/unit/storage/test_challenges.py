"""What lies in the rows of ceremonies."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.core.errors import ChallengeGone
from sidecar.core.model import ChallengeId, Prompt, SessionId
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import ADA, NOW, Travel, challenge, files, open_sqlite, sqlite_file


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


SECRET = Prompt("totp", {"secret": "JBSWY3DPEHPK3PXP"})


async def test_prompt_and_state_are_sealed_and_then_wiped(store: SqlStore, tmp_path: Path) -> None:
    """A row shows no secret while the ceremony is open, and nothing at all after it."""
    async with store.begin() as tx:
        await tx.challenges.add(challenge(prompt=SECRET))
    ((prompt, state),) = rows(tmp_path, "SELECT prompt, state FROM two_factor_challenges")
    assert str(prompt).startswith("v1:k1:")
    assert str(state).startswith("v1:k1:")
    assert not [name for name, data in files(tmp_path).items() if b"JBSWY3DPEHPK3PXP" in data]
    async with store.begin() as tx:
        await tx.challenges.consume(challenge(), NOW, verified=True)
    assert rows(tmp_path, "SELECT prompt, state FROM two_factor_challenges") == [(None, None)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE two_factor_challenges SET state = prompt WHERE id = 'c1'",
        "UPDATE two_factor_challenges SET state = '' WHERE id = 'c1'",
        (
            "UPDATE two_factor_challenges SET prompt = other.prompt "
            "FROM two_factor_challenges AS other "
            "WHERE two_factor_challenges.id = 'c1' AND other.id = 'c2'"
        ),
    ],
)
async def test_a_changed_row_is_gone(store: SqlStore, tmp_path: Path, change: str) -> None:
    """State moved from another column or row shows the one answer for all: gone."""
    async with store.begin() as tx:
        await tx.challenges.add(challenge())
        await tx.challenges.add(challenge("c2", prompt=SECRET))
    rows(tmp_path, change)
    async with store.read() as tx:
        with pytest.raises(ChallengeGone):
            await tx.challenges.get(ChallengeId("c1"), ADA, SessionId("s1"), NOW)
