"""Rows are made anew in batches, and none that is not ours is washed clean."""

from pathlib import Path

import pytest
from sqlalchemy import text

from sidecar.storage.resealing import TABLES, Batch, Resealing
from tests.conformance.ringed import K2, OLD_K1, fill, served
from tests.conformance.stores import ADA, K1, NOW, Travel, sqlite_file, url_of
from tests.posts import MAILBOX
from tests.unit.storage.databases import change, rows


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """Return a store in which everything was made with the key before."""
    where = url_of(sqlite_file(tmp_path))
    async with served(where, Travel(), K1) as store:
        await fill(store)
    return where


async def batch(
    url: str, name: str, after: tuple[object, ...] | None = None, *, limit: int
) -> Batch:
    async with served(url, Travel(), K2, OLD_K1) as store, store.aside() as connection:
        return await Resealing(connection, store.vault).batch(name, after, limit)


async def left(url: str) -> dict[str, int]:
    async with served(url, Travel(), K2, OLD_K1) as store, store.read() as tx:
        work = Resealing(tx.connection, store.vault)
        counts = {name: await work.count(name) for name in TABLES}
    return {name: count for name, count in counts.items() if count}


async def test_batches_go_on_where_the_last_one_ended(url: str) -> None:
    """Batches of four show six rows done in two, each of them once, and the end."""
    first = await batch(url, "authenticators", limit=4)
    assert (first.changed, first.after) == (4, ("a4",))
    second = await batch(url, "authenticators", first.after, limit=4)
    assert (second.changed, second.after) == (2, None)
    assert "authenticators" not in await left(url)


@pytest.mark.parametrize(
    ("table", "row", "spoil"),
    [
        ("authenticators", "a1", "UPDATE authenticators SET level = 3 WHERE id = 'a1'"),
        ("authenticators", "a2", "UPDATE authenticators SET mac = 'v1:k1:00' WHERE id = 'a2'"),
        ("authenticators", "a5", "UPDATE backup_codes SET used_at = NULL, hash = 'x'"),
        ("api_tokens", "t1", "UPDATE api_tokens SET scopes = '[]'"),
        ("outbox", "n1", "UPDATE outbox SET subject = 'eve'"),
        ("two_factor_challenges", "c1", "UPDATE two_factor_challenges SET state = prompt"),
    ],
)
async def test_what_was_tampered_with_stays_so(url: str, table: str, row: str, spoil: str) -> None:
    """A changed row shows that it is counted, told and left as it was found."""
    folder = Path(url.partition("///")[2]).parent
    change(folder, spoil)
    found = f"SELECT * FROM {table} WHERE id = '{row}'"  # noqa: S608 - the test's own words
    before = rows(folder, found)
    assert (await batch(url, table, limit=100)).unreadable == (row,)
    assert rows(folder, found) == before
    assert (await left(url))[table] == 1


async def test_an_address_is_found_by_the_new_hash_alone(url: str, tmp_path: Path) -> None:
    """An address after the resealing shows found by a process that has the new key alone."""
    await batch(url, "notification_addresses", limit=100)
    change(tmp_path, "DELETE FROM outbox")
    for name in ("authenticators", "api_tokens", "two_factor_challenges"):
        change(tmp_path, f"DELETE FROM {name}")  # noqa: S608 - the test's own
    change(tmp_path, "UPDATE key_canaries SET dropped_at = created_at WHERE key_id = 'k1'")
    async with served(url, Travel(), K2) as store, store.begin() as tx:
        await tx.contacts.record(ADA, MAILBOX, origin="stated", verified=True, now=NOW)
        assert len(await tx.contacts.of(ADA)) == 1
    assert len(rows(tmp_path, "SELECT 1 FROM notification_addresses")) == 1


async def test_two_hashes_of_one_address_hurt_nobody(url: str, tmp_path: Path) -> None:
    """An address that two processes recorded at once, under either key, shows both resealed."""
    async with served(url, Travel(), K2, OLD_K1) as store, store.begin() as tx:
        twin = "UPDATE notification_addresses SET destination = 'another'"
        await tx.connection.execute(text(twin))
        await tx.contacts.record(ADA, MAILBOX, origin="stated", verified=True, now=NOW)
        assert len(await tx.contacts.of(ADA)) == 2
    assert (await batch(url, "notification_addresses", limit=100)).changed == 1
    assert "notification_addresses" not in await left(url)
    assert ("another",) in rows(tmp_path, "SELECT destination FROM notification_addresses")
