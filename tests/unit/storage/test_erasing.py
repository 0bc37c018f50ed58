"""Somebody erased in SQL: the name is in no row but the feed's, and the trail is whole."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from sidecar.core.directory import ERASED, PERSON_ERASED
from sidecar.core.model import Event
from sidecar.storage.columns import metadata
from sidecar.storage.links import NOT_ERASED
from sidecar.storage.sql import SqlStore
from sidecar.storage.transaction import WholeConnection
from tests.conformance.settled import LATER, settle
from tests.conformance.stores import ADA, TWIN, Travel, event, open_sqlite, sqlite_file
from tests.unit.storage.databases import rows


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with opened.begin() as tx:
        await settle(tx, ADA)
        await settle(tx, TWIN)
    yield opened
    await opened.close()


async def test_no_row_names_them(store: SqlStore, tmp_path: Path) -> None:
    """Every table shows the other person only; tries and acts a pseudonym too, the feed both."""
    async with store.begin() as tx:
        name = await tx.directory.erase(ADA, LATER)
    kept = {("other", "ada"), (ERASED, name)}
    found = {
        table.name: {*rows(tmp_path, f"SELECT realm, subject FROM {table.name}")}  # noqa: S608
        for table in metadata.sorted_tables
        if "subject" in table.c
    }
    assert found.pop("two_factor_attempts") == found.pop("audit_events") == kept
    assert found.pop("revocations") == {("app", "ada")}
    assert {*map(frozenset, found.values())} == {frozenset({("other", "ada")})}
    for beside in ("hardware_keys", "backup_codes"):
        owners = rows(tmp_path, f"SELECT DISTINCT authenticator_id FROM {beside}")  # noqa: S608
        assert all(str(owner).startswith("other-") for (owner,) in owners)


async def test_the_trail_stays_whole_and_tells_of_it(store: SqlStore) -> None:
    """A trail shows as whole once it says who is gone, and as broken before."""
    async with store.begin() as tx:
        name = await tx.directory.erase(ADA, LATER)
    verdict = await store.verify_trail()
    assert (verdict.broken_at, verdict.reason) == (1, NOT_ERASED)
    async with store.begin() as tx:
        await tx.trail.append(Event(LATER, PERSON_ERASED, None, "x", "", {"pseudonym": name}))
    verdict = await store.verify_trail()
    assert (verdict.rows, verdict.broken_at) == (3, None)


@pytest.mark.threat(57)
async def test_a_long_history_holds_nobody_up(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """THREATS 57: somebody of a thousand acts shows erased in a few statements, and a whole trail:
    one for each act kept everybody else from writing for as long.
    """
    async with store.begin() as tx:
        await tx.trail.append(*(event(f"act.{number}") for number in range(1000)))
    executed = AsyncMock()

    async def counted(on: WholeConnection, *said: Any) -> Any:  # noqa: ANN401 - passed on as it is
        await executed()
        return await execute(on, *said)

    execute = WholeConnection.execute
    async with store.begin() as tx:
        monkeypatch.setattr(WholeConnection, "execute", counted)
        name = await tx.directory.erase(ADA, LATER)
        await tx.trail.append(Event(LATER, PERSON_ERASED, None, "x", "", {"pseudonym": name}))
    assert executed.await_count < 50
    monkeypatch.undo()
    assert (await store.verify_trail()).broken_at is None
