"""Twin of sidecar/storage/inspection/orphans.py; what is found is shown in test_inspect."""

from pathlib import Path

from sidecar.storage.inspection.finding import SHOWN
from tests.conformance.furnished import change, found, furnish
from tests.conformance.stores import Travel, open_sqlite, sqlite_file


async def test_of_many_orphans_a_few_are_named(tmp_path: Path) -> None:
    """Fifty rows of nobody show their number and the first of them, by their keys in order."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    await furnish(store)
    made = "INSERT INTO trusted_devices SELECT '{0:03}', 'app', 'eve' || '{0:03}', counter_hash, "
    rest = (
        "previous_hash, previous_until, arrived, factor, proven_at, created_at, expires_at,"
        " last_used_at, ended_at, user_agent, address FROM trusted_devices WHERE id = 'b1'"
    )
    await change(store, *(made.format(number) + rest for number in range(50)))
    (finding,) = await found(store)
    assert finding.where == "remembered browsers without a person"
    assert (finding.number, len(finding.rows), finding.rows[:2]) == (50, SHOWN, ("000", "001"))
    await store.close()


async def test_what_is_being_set_up_is_no_orphan(tmp_path: Path) -> None:
    """An enrollment that nobody finished shows as nothing wrong: its authenticator is to come."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    await furnish(store)
    begun = "SET purpose = 'enroll', authenticator_id = 'a9' WHERE id = 'c1'"
    await change(store, f"UPDATE two_factor_challenges {begun}")
    assert await found(store) == []
    await store.close()
