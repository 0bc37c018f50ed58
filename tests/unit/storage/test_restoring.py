"""What lies in the rows after a restore; what it means is the conformance suite's."""

from pathlib import Path

from sidecar.storage.restoring import make_void
from tests.conformance.furnished import furnish
from tests.conformance.stores import NOW, Travel, open_sqlite, sqlite_file
from tests.unit.storage.databases import rows


async def test_messages_say_why_they_were_not_sent(tmp_path: Path) -> None:
    """Letters that waited show the reason, and nothing of what they said."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    await furnish(store)
    async with store.begin() as tx:
        await make_void(tx.connection, NOW, tokens=False)
    await store.close()
    told = rows(tmp_path, "SELECT DISTINCT status, failure, message FROM outbox")
    assert told == [("failed", "restored", None)]
    epochs = rows(tmp_path, "SELECT DISTINCT epoch FROM two_factor_configs")
    assert epochs == [(int(NOW.timestamp()) // 60,)]
