"""Twin of sidecar/restoring.py; what is void is the conformance suite's."""

from pathlib import Path

import pytest

from sidecar.core.errors import StoreUnavailable
from sidecar.restoring import restored
from tests.conformance.furnished import furnish
from tests.conformance.stores import Travel, open_sqlite, sqlite_file
from tests.unit.storage.databases import rows


async def test_all_of_it_happens_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trail that cannot be written shows sessions, letters and epochs as they were."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    await furnish(store)

    async def down(*_events: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("sidecar.storage.trail.SqlTrail.append", down)
    with pytest.raises(StoreUnavailable):
        await restored(store, Travel(), "operator:x", tokens=True)
    await store.close()
    assert rows(tmp_path, "SELECT DISTINCT status FROM sessions") == [("pending",)]
    assert rows(tmp_path, "SELECT DISTINCT status FROM outbox") == [("queued",)]
    assert rows(tmp_path, "SELECT max(epoch) FROM two_factor_configs") == [(0,)]
    assert rows(tmp_path, "SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL") == [(1,)]
