"""What databases say of themselves."""

import sqlite3
from pathlib import Path

import pytest

from sidecar.storage.inspection.finding import Kind
from sidecar.storage.sql import open_store
from tests.conformance.furnished import change, found, furnish
from tests.conformance.stores import RING, Travel, open_sqlite, sqlite_file
from tests.newer_schema import renew
from tests.postgres import Server

DECIDED = "fk_recovery_approvals_request_id_recovery_requests"


async def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    """A page that was overwritten shows as damage, and nothing else is read."""
    path = sqlite_file(tmp_path)
    store = await open_sqlite(path, Travel())
    await furnish(store)
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_sessions_expires_at'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size + 8)
        file.write(b"\0" * (size - 8))
    store = await open_sqlite(path, Travel())
    assert {finding.kind for finding in await found(store)} == {Kind.DAMAGED}
    await store.close()


async def test_rows_of_a_file_without_what_they_refer_to_are_found(tmp_path: Path) -> None:
    """A code whose authenticator is gone shows as such, by both names."""
    path = sqlite_file(tmp_path)
    store = await open_sqlite(path, Travel())
    await furnish(store)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM authenticators WHERE id = 'a3'")
    connection.close()
    told = {(finding.kind, finding.where, finding.number) for finding in await found(store)}
    assert (Kind.ORPHAN, "backup_codes without authenticators", 2) in told
    await store.close()


async def test_what_a_server_does_not_keep_is_found(postgres: Server) -> None:
    """An index that was never finished, a rule that older rows were not asked about, and a number
    that would be given twice each show up by name.
    """
    async with postgres.store() as url:
        store = await open_store(url, RING, Travel())
        await furnish(store)
        assert await found(store) == []
        await change(
            store,
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'ix_sessions_expires_at'::regclass",
            f"ALTER TABLE recovery_approvals DROP CONSTRAINT {DECIDED}",
            f"ALTER TABLE recovery_approvals ADD CONSTRAINT {DECIDED} FOREIGN KEY (request_id)"
            " REFERENCES recovery_requests (id) ON DELETE CASCADE NOT VALID",
            "SELECT setval(pg_get_serial_sequence('audit_events', 'sequence'), 1)",
        )
        assert [(finding.kind, finding.where) for finding in await found(store)] == [
            (Kind.INDEX, "ix_sessions_expires_at"),
            (Kind.CONSTRAINT, f"recovery_approvals.{DECIDED}"),
            (Kind.SEQUENCE, "audit_events.sequence"),
        ]
        await store.close()


@pytest.mark.parametrize("missing", ["", "DROP INDEX ix_sessions_expires_at"])
async def test_a_newer_schema_may_have_more(tmp_path: Path, missing: str) -> None:
    """What a version to come added shows as no fault; what it lacks does."""
    path = sqlite_file(tmp_path)
    await renew(f"sqlite+aiosqlite:///{path}")
    store = await open_sqlite(path, Travel())
    if missing:
        await change(store, missing)
    assert [finding.where for finding in await found(store)] == (
        ["sessions.ix_sessions_expires_at"] if missing else []
    )
    await store.close()
