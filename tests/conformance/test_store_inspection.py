"""What is found in a store that somebody, or something, changed behind its back."""

import pytest

from sidecar.storage.inspection.finding import Kind
from sidecar.storage.inspection.inspect import Looked, inspect
from sidecar.storage.sql import SqlStore
from tests.conformance.furnished import change, found, furnish


@pytest.fixture
async def furnished(store: SqlStore) -> SqlStore:
    await furnish(store)
    return store


async def test_what_the_sidecar_wrote_is_sound(furnished: SqlStore) -> None:
    """A store in which every kind of row is shows no finding, and how much was looked at."""
    looked = Looked()
    assert [finding async for finding in inspect(furnished, looked)] == []
    assert (looked.rows, looked.events) == (12, 2)


async def test_many_rows_are_looked_at_a_few_at_a_time(
    furnished: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of one row show the same rows looked at, and none left out."""
    monkeypatch.setattr("sidecar.storage.inspection.seals.AT_A_TIME", 1)
    await change(furnished, "UPDATE authenticators SET level = 3")
    looked = Looked()
    (finding,) = [finding async for finding in inspect(furnished, looked)]
    assert (finding.kind, finding.rows) == (Kind.UNVOUCHED, ("a1", "a2", "a3"))
    assert looked.rows == 12


async def test_looking_changes_nothing(furnished: SqlStore) -> None:
    """A row that a look finds broken shows up as it was at the next look."""
    await change(furnished, "UPDATE authenticators SET level = 3 WHERE id = 'a1'")
    assert await found(furnished) == await found(furnished) != []
