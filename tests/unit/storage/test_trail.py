"""What the chain of the audit trail shows, and what it does not."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.storage.sql import SqlStore
from sidecar.storage.vault import canonical, digest
from tests.conformance.stores import ADA, TWIN, Travel, event, open_sqlite, sqlite_file

ROWS = 5


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with opened.begin() as tx:
        for number in range(ROWS - 2):
            await tx.trail.append(event(f"act.{number}"))
        await tx.trail.append(event("act.other", TWIN))
        await tx.trail.append(event("act.nobody", None))
    yield opened
    await opened.close()


def change(folder: Path, statement: str, values: tuple[str, ...] = ()) -> None:
    connection = sqlite3.connect(folder / "sidecar.db")
    with connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


async def test_an_untouched_trail_is_whole(store: SqlStore) -> None:
    """Every row of a trail nobody touched shows as what was appended."""
    verdict = await store.verify_trail()
    assert (verdict.rows, verdict.broken_at) == (ROWS, None)


async def test_a_long_trail_is_read_in_parts(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading two rows at a time shows the same verdict."""
    monkeypatch.setattr("sidecar.storage.trail._BATCH", 2)
    assert (await store.verify_trail()).rows == ROWS


async def test_many_in_one_go_are_a_chain_too(store: SqlStore) -> None:
    """Events appended together show themselves chained in their order, after those before."""
    async with store.begin() as tx:
        await tx.trail.append(*(event(f"more.{number}") for number in range(3)))
    async with store.read() as tx:
        names = [found.name for found in await tx.trail.of(ADA, 3)]
    assert names == ["more.2", "more.1", "more.0"]
    assert (await store.verify_trail()).rows == ROWS + 3


@pytest.mark.conforms("ASVS-16.4.2")
@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit_events SET name = 'x' WHERE sequence = 3", 3),
        ("UPDATE audit_events SET at = '2020-01-01 00:00:00.000000' WHERE sequence = 1", 1),
        ("UPDATE audit_events SET subject = 'bob' WHERE sequence = 2", 2),
        ("UPDATE audit_events SET realm = NULL WHERE sequence = 2", 2),
        ("UPDATE audit_events SET actor = 'operator:eve' WHERE sequence = 2", 2),
        ("UPDATE audit_events SET request_id = '' WHERE sequence = 2", 2),
        ("UPDATE audit_events SET details = '{}' WHERE sequence = 5", 5),
        ("UPDATE audit_events SET details = 'broken' WHERE sequence = 5", 5),
        ("UPDATE audit_events SET mac = 'v1:k1:00' WHERE sequence = 4", 4),
        ("UPDATE audit_events SET pseudonym = '' WHERE sequence = 2", 2),
        ("UPDATE audit_events SET pseudonym = 'x' WHERE sequence = 5", 5),
        ("UPDATE audit_events SET realm = 'erased', subject = pseudonym WHERE sequence = 2", 2),
        ("DELETE FROM audit_events WHERE sequence = 1", 2),
        ("DELETE FROM audit_events WHERE sequence = 3", 4),
        ("UPDATE audit_events SET sequence = 9 WHERE sequence = 2", 3),
    ],
)
async def test_a_change_in_the_middle_is_found(
    store: SqlStore, tmp_path: Path, statement: str, broken_at: int
) -> None:
    """A row changed, removed or moved shows the first place where the chain does not fit."""
    change(tmp_path, statement)
    verdict = await store.verify_trail()
    assert verdict.broken_at == broken_at
    assert verdict.reason


async def test_a_recomputed_chain_is_found(store: SqlStore, tmp_path: Path) -> None:
    """Whoever rewrites the hashes too, without a key, shows up by the tags."""
    connection = sqlite3.connect(tmp_path / "sidecar.db")
    (before,) = connection.execute("SELECT hash FROM audit_events WHERE sequence = 4").fetchone()
    (at,) = connection.execute(
        "SELECT unixepoch(at) FROM audit_events WHERE sequence = 5"
    ).fetchone()
    connection.close()
    details = {"factor": "totp", "tries": 1, "known": True}
    row = canonical([f"{at:.6f}", "act.forged", None, "self", "req-1", details])
    forged = digest(bytes.fromhex(before), row)
    statement = "UPDATE audit_events SET name = 'act.forged', hash = ? WHERE sequence = 5"
    change(tmp_path, statement, (forged,))
    verdict = await store.verify_trail()
    assert (verdict.broken_at, verdict.reason) == (5, "the row was not written with a key of ours")
