"""A store that is not provably ours is never used, and never changed."""

import dataclasses
import shutil
import sqlite3
from pathlib import Path

import pytest

from sidecar.core.errors import StoreUnavailable
from sidecar.storage.faults import CREATE, StoreUnproven
from sidecar.storage.setup import migrate_down, migrate_up
from sidecar.storage.sql import open_store
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.ringed import resealed
from tests.conformance.stores import (
    ADA,
    K1,
    NOW,
    RING,
    SECRET,
    Travel,
    api_token,
    authenticator,
    files,
    open_sqlite,
    sqlite_file,
    threads_end,
    token,
    url_of,
)

OTHER = b"\xff" * 32
K2 = RootKey("k2", b"\x22" * 32)
OLD_K1 = dataclasses.replace(K1, active=False)


async def fault_of(url: str, ring: KeyRing = RING) -> StoreUnproven:
    with pytest.raises(StoreUnproven) as unproven:
        await open_store(url, ring, Travel())
    return unproven.value


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


async def test_a_missing_store_is_never_made(tmp_path: Path) -> None:
    """Promise 2: opening where nothing is shows the command to run, and that nothing came up."""
    fault = await fault_of(url_of(tmp_path / "none" / "sidecar.db"))
    assert fault.hint == CREATE
    assert files(tmp_path) == {}


@pytest.mark.parametrize("content", ["", "VACUUM"])
async def test_an_empty_store_is_refused(tmp_path: Path, content: str) -> None:
    """An empty file, with or without SQLite's header, shows the command to run."""
    path = tmp_path / "sidecar.db"
    path.touch()
    if content:
        change(path, "CREATE TABLE x (y)")
        change(path, "DROP TABLE x")
    assert (await fault_of(url_of(path))).hint == CREATE


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """Somebody else's tables show a refusal, and not one byte of the file changed."""
    path = tmp_path / "shop.db"
    change(path, "CREATE TABLE orders (id INTEGER)")
    before = path.read_bytes()
    assert "another program" in str(await fault_of(url_of(path)))
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all" * 99, b"SQLite format 3\x00" * 99])
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """Garbage shows as unreadable, as a directory does."""
    path = tmp_path / "sidecar.db"
    path.write_bytes(content)
    assert "cannot be read" in str(await fault_of(url_of(path)))
    assert "not a file" in str(await fault_of(url_of(tmp_path)))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE alembic_version SET version_num = '0000'", "another version"),
        ("DELETE FROM alembic_version", "another program"),
        ("DELETE FROM instance", "no instance id"),
        ("UPDATE instance SET sealed = 'v1:k1:x'", "does not open"),
        ("UPDATE key_canaries SET sealed = 'v1:k1:x'", "'k1' is not the one"),
        ("UPDATE key_canaries SET sealed = (SELECT sealed FROM instance)", "'k1' is not the one"),
        ("UPDATE key_canaries SET sealed = 'v1:k9:x'", "'k1' is not the one"),
    ],
)
async def test_a_changed_proof_is_refused(tmp_path: Path, statement: str, words: str) -> None:
    """A revision, instance id or canary that is not ours shows which it is."""
    path = sqlite_file(tmp_path)
    change(path, statement)
    assert words in str(await fault_of(url_of(path)))


@pytest.mark.parametrize(
    "ring", [KeyRing((RootKey("k1", OTHER),)), KeyRing((K2,)), KeyRing((K2, RootKey("k1", OTHER)))]
)
async def test_the_wrong_key_is_refused(tmp_path: Path, ring: KeyRing) -> None:
    """Another key under the same id, or under another, shows a foreign store."""
    assert "installation" in str(await fault_of(url_of(sqlite_file(tmp_path)), ring))


async def test_a_key_id_cannot_get_another_key(tmp_path: Path) -> None:
    """After a rotation the old id with other bytes shows a refusal: its rows would be lost."""
    path = sqlite_file(tmp_path)
    await (await open_sqlite(path, Travel(), KeyRing((K2, OLD_K1)))).close()
    changed = KeyRing((K2, RootKey("k1", OTHER, active=False)))
    assert "'k1' is not the one" in str(await fault_of(url_of(path), changed))


async def test_rotation_keeps_everything_and_the_old_key_can_go_when_unused(
    tmp_path: Path,
) -> None:
    """A new active key shows old rows readable; the old one is needed until none uses it."""
    path, rotated, alone = sqlite_file(tmp_path), KeyRing((K2, OLD_K1)), KeyRing((K2,))
    store = await open_sqlite(path, Travel())
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
    await store.close()
    store = await open_sqlite(path, Travel(), rotated)
    async with store.read() as tx:
        (found,) = await tx.authenticators.of(ADA)
    await store.close()
    assert found.material == SECRET
    assert "sealed with key 'k1'" in str(await fault_of(url_of(path), alone))
    store = await open_sqlite(path, Travel(), rotated)
    async with store.begin() as tx:
        await tx.authenticators.replace(found, SECRET, used_at=None)
    await store.close()
    store = await open_sqlite(path, Travel(), alone)
    async with store.read() as tx:
        assert (await tx.authenticators.of(ADA))[0].material == SECRET
    await store.close()


async def test_a_token_needs_its_key_while_it_opens_something(tmp_path: Path) -> None:
    """A key shows itself needed by a token until that is resealed, or opens nothing any more."""
    path, rotated, alone = sqlite_file(tmp_path), (K2, OLD_K1), KeyRing((K2,))
    store = await open_sqlite(path, Travel())
    async with store.begin() as tx:
        await tx.tokens.add(api_token(expires_at=NOW.replace(year=9000)), token("one"))
        await tx.tokens.add(api_token("t3", expires_at=NOW.replace(year=2001)), token("three"))
    await store.close()
    await (await open_sqlite(path, Travel(), KeyRing(rotated))).close()
    assert "vouched for with key 'k1'" in str(await fault_of(url_of(path), alone))
    await resealed(url_of(path), Travel(), *rotated)
    store = await open_sqlite(path, Travel(), alone)
    async with store.read() as tx:
        assert await tx.tokens.find(token("one")) is not None
    await store.close()


async def test_a_key_that_went_is_not_looked_for_at_each_start(tmp_path: Path) -> None:
    """Rows of a key that went long ago show no obstacle: whoever dropped it was told by then."""
    path = sqlite_file(tmp_path)
    for ring in (KeyRing((K2, OLD_K1)), KeyRing((K2,))):
        await (await open_sqlite(path, Travel(), ring)).close()
    store = await open_sqlite(path, Travel(), KeyRing((K2,)))
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
    await store.close()
    change(path, "UPDATE authenticators SET mac = 'v1:k1:x'")
    await (await open_sqlite(path, Travel(), KeyRing((K2,)))).close()


async def test_no_replica_is_left_behind(tmp_path: Path) -> None:
    """A new active key that a serving replica lacks shows a refused start, and what to do first."""
    path, clock = sqlite_file(tmp_path), Travel()
    columns = "id, place, version, keys, sequence, started_at, beat_at"
    row = "'a', 'pod-1:7', '1', 'k1', 1, '2026-06-01 12:00:00.000000', '2026-06-01 12:00:00.000000'"
    change(path, f"INSERT INTO replicas ({columns}) VALUES ({row})")  # noqa: S608 - the test's own
    fault = await fault_of(url_of(path), KeyRing((K2, OLD_K1)))
    assert "pod-1:7 could not read what key 'k2' makes" in str(fault)
    assert "sidecar keys rotate" in fault.hint
    await (
        await open_sqlite(path, clock, KeyRing((K1, dataclasses.replace(K2, active=False))))
    ).close()
    clock.forward(minutes=2)
    await (await open_sqlite(path, clock, KeyRing((K2, OLD_K1)))).close()


async def test_a_store_of_before_the_tokens_can_be_migrated(tmp_path: Path) -> None:
    """A key that left the ring shows no obstacle where the table of tokens is still to come."""
    path, alone = sqlite_file(tmp_path), KeyRing((K2,))
    await (await open_sqlite(path, Travel(), KeyRing((K2, OLD_K1)))).close()
    await migrate_down(url_of(path), alone, "0002")
    assert (await migrate_up(url_of(path), alone, Travel(), create=False)).current


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        "mysql://host/db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite:///file:x?mode=memory&uri=true",
    ],
)
async def test_an_address_that_would_not_last_is_refused(url: str) -> None:
    """Databases in memory or of another kind show a hint with a right address."""
    assert "sqlite+aiosqlite:///" in (await fault_of(url)).hint


async def test_a_path_with_special_characters_is_one_file(tmp_path: Path) -> None:
    """A folder whose name means something in a URI shows up as just a folder."""
    odd = tmp_path / "100%41 ?mode=memory#x"
    odd.mkdir()
    store = await open_sqlite(sqlite_file(odd), Travel())
    await store.ping()
    await store.close()
    assert (odd / "sidecar.db").exists()


async def test_a_store_that_vanishes_is_not_made_anew(tmp_path: Path) -> None:
    """Promise 2: a file deleted before the first use shows a failure and no new file."""
    path = sqlite_file(tmp_path)
    store = await open_sqlite(path, Travel())
    shutil.rmtree(tmp_path)
    with pytest.raises(StoreUnavailable):
        async with store.begin() as tx:
            await tx.accounts.get(ADA)
    await store.close()
    await threads_end()
    assert not path.exists()
