"""The store knows since when a key makes everything, until when, and who serves with it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from sidecar.storage.known_keys import KnownKey, KnownKeys
from sidecar.storage.replica_tables import replicas
from sidecar.storage.vault import RootKey
from tests.conformance.ringed import K2, NEW_K2, OLD_K1, served
from tests.conformance.stores import K1, NOW, Travel, sqlite_file, url_of


async def known(url: str, clock: Travel, *roots: RootKey) -> dict[str, KnownKey]:
    async with served(url, clock, *roots) as store, store.read() as tx:
        return {key.id: key for key in await KnownKeys(tx.connection).all()}


async def test_a_key_has_a_history(tmp_path: Path) -> None:
    """Starts with one ring after the other show when a key came, was active, retired and went."""
    url, clock = url_of(sqlite_file(tmp_path)), Travel()
    hours = [NOW + timedelta(hours=number) for number in range(6)]
    plain = KnownKey("k1", NOW, hours[0], None, None, None)
    assert await known(url, clock, K1) == {"k1": plain}
    clock.now = hours[1]
    came = KnownKey("k2", hours[1], None, None, None, None)
    assert await known(url, clock, K1, NEW_K2) == {"k1": plain, "k2": came}
    clock.now = hours[2]
    turned = {
        "k1": replace(plain, retired_at=hours[2]),
        "k2": replace(came, active_at=hours[2]),
    }
    assert await known(url, clock, K2, OLD_K1) == turned
    clock.now = hours[3]
    assert await known(url, clock, K2, OLD_K1) == turned
    clock.now = hours[4]
    assert (await known(url, clock, K2))["k1"] == replace(turned["k1"], dropped_at=hours[4])
    clock.now = hours[5]
    back = await known(url, clock, K1, NEW_K2)
    assert (back["k1"], back["k2"].retired_at) == (plain, hours[5])


async def test_only_processes_that_live_are_told(tmp_path: Path) -> None:
    """A row of a minute ago shows no process any more, a fresh one the order of its keys."""
    url = url_of(sqlite_file(tmp_path))
    row = {"version": "1", "sequence": 1, "started_at": NOW}
    rows = [
        row | {"id": "a", "place": "old:1", "keys": "k1", "beat_at": NOW - timedelta(minutes=2)},
        row | {"id": "b", "place": "new:1", "keys": "k2,k1", "beat_at": NOW},
    ]
    async with served(url, Travel(), K1) as store, store.aside() as connection:
        await connection.execute(insert(replicas), rows)
        found = await KnownKeys(connection).processes(NOW)
        assert [(one.place, one.keys) for one in found] == [("new:1", ("k2", "k1"))]


async def test_all_but_the_present_key_can_be_distrusted(tmp_path: Path) -> None:
    """A leak shows every other key distrusted once, and the present one never."""
    url = url_of(sqlite_file(tmp_path))
    async with served(url, Travel(), K2, OLD_K1) as store, store.aside() as connection:
        assert await KnownKeys(connection).distrust("k2", NOW) == ("k1",)
        assert await KnownKeys(connection).distrust("k2", NOW) == ()
