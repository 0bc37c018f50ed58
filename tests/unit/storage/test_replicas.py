"""Rows of processes; tests/conformance/test_store_replicas.py goes further, on every database."""

from datetime import timedelta
from pathlib import Path

from sidecar.core.replicas import Replica
from sidecar.core.stores import APART
from tests.conformance.stores import NOW, Travel, open_sqlite, sqlite_file
from tests.unit.storage.databases import rows


async def test_a_row_says_which_process_has_which_keys(tmp_path: Path) -> None:
    """A beat shows place, version, keys and how far was read, and the first moment for ever."""
    clock = Travel()
    store = await open_sqlite(sqlite_file(tmp_path), clock)
    for sequence in (1, 2):
        async with store.begin(APART) as tx:
            await tx.replicas.beat(Replica("one", "pod:7", "1.2", ("k2", "k1"), sequence))
        clock.forward(seconds=1)
    async with store.read() as tx:
        (known,) = await tx.replicas.all()
    await store.close()
    assert (known.started_at, known.age) == (NOW, timedelta(seconds=1))
    query = "SELECT place, version, keys, sequence FROM replicas"
    assert rows(tmp_path, query) == [("pod:7", "1.2", "k2,k1", 2)]
