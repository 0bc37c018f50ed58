"""Requests for recovery in SQL: who decided stays beside them."""

from datetime import timedelta
from pathlib import Path

from sidecar.core.recoveries import RecoveryId, RecoveryStatus
from tests.conformance.stores import NOW, TWIN, Travel, open_sqlite, recovery, sqlite_file
from tests.unit.storage.databases import rows


async def test_who_decided_is_kept(tmp_path: Path) -> None:
    """A decision shows who made it and which; a refused one shows nothing."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    later = NOW + timedelta(hours=1)
    async with store.begin() as tx:
        await tx.recoveries.add(recovery())
        await tx.recoveries.add(recovery("r2", person=TWIN))
        for which, status, by in (
            ("r1", RecoveryStatus.APPROVED, "t1"),
            ("r1", RecoveryStatus.APPROVED, "t2"),
            ("r1", RecoveryStatus.DENIED, "t3"),
            ("r2", RecoveryStatus.DENIED, "operator:root"),
        ):
            await tx.recoveries.decide(RecoveryId(which), status, by, later)
    await store.close()
    kept = rows(tmp_path, 'SELECT request_id, "by", approved FROM recovery_approvals ORDER BY 1')
    assert kept == [("r1", "t2", 1), ("r2", "operator:root", 0)]
