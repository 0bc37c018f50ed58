"""What is kept beside the database: done once a transaction is, and never before."""

from pathlib import Path

import pytest

from sidecar.core.errors import StoreUnavailable
from sidecar.storage.sessions import SqlSessions
from sidecar.storage.shelf import Work
from sidecar.storage.sql import open_store
from tests.conformance.stores import ADA, RING, Travel, session, sqlite_file, token, url_of


class Noted:
    """Keeps sessions in the rows, and notes what the transactions are."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def sessions(self, work: Work) -> SqlSessions:
        self.seen.append("writes" if work.writes else "reads")

        async def settle() -> None:
            self.seen.append("settled")

        work.afterwards.append(settle)
        return SqlSessions(work.connection)


async def test_what_is_to_be_done_afterwards_is_done_after_a_commit(tmp_path: Path) -> None:
    """A transaction that writes shows it done at its end; one that fails, and a reader, do not."""
    shelf = Noted()
    store = await open_store(url_of(sqlite_file(tmp_path)), RING, Travel(), shelf=shelf)
    async with store.begin(ADA) as tx:
        await tx.sessions.add(session(), token("one"))
        assert shelf.seen == ["writes"]
    assert shelf.seen == ["writes", "settled"]
    with pytest.raises(StoreUnavailable):
        async with store.begin(ADA) as tx:
            await tx.sessions.add(session(), token("two"))
    async with store.read() as tx:
        assert await tx.sessions.get(token("one"), Travel()()) == session()
    assert shelf.seen == ["writes", "settled", "writes", "reads"]
    await store.close()
