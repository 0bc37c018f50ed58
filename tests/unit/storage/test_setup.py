"""Stores are made when asked for, and moved only when they are ours."""

import asyncio
import json
import sqlite3
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from sidecar.storage.faults import CREATE, StoreUnproven
from sidecar.storage.revisions import REVISIONS
from sidecar.storage.setup import migrate_down, migrate_up, status
from sidecar.storage.sql import open_store
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.stores import ADA, NOW, RING, Travel, files, open_sqlite, sqlite_file, url_of
from tests.postgres import Server

FOREIGN = KeyRing((RootKey("k1", b"\xff" * 32),))


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {name for (name,) in rows} - {"sqlite_sequence"}


async def test_creating_is_private_and_asked_for(tmp_path: Path) -> None:
    """Without `create` nothing is made; with it, the file shows as readable by its owner only."""
    path = tmp_path / "data" / "sidecar.db"
    with pytest.raises(StoreUnproven) as missing:
        await migrate_up(url_of(path), RING, Travel(), create=False)
    assert missing.value.hint == CREATE
    assert not path.parent.exists()
    await migrate_up(url_of(path), RING, Travel(), create=True)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


async def test_an_empty_file_needs_create(tmp_path: Path) -> None:
    """A file that a crash left empty shows the same hint, and can be filled."""
    path = tmp_path / "sidecar.db"
    path.touch()
    with pytest.raises(StoreUnproven) as empty:
        await migrate_up(url_of(path), RING, Travel(), create=False)
    assert empty.value.hint == CREATE
    await migrate_up(url_of(path), RING, Travel(), create=True)
    assert (await status(url_of(path))).current


async def test_up_again_changes_nothing(tmp_path: Path) -> None:
    """Migrating a current database, even with `create`, shows all data as before."""
    path = sqlite_file(tmp_path)
    store = await open_sqlite(path, Travel())
    async with store.begin() as tx:
        await tx.accounts.mark_enrolled(ADA, NOW)
    await store.close()
    assert (await migrate_up(url_of(path), RING, Travel(), create=True)).current
    store = await open_sqlite(path, Travel())
    async with store.read() as tx:
        account = await tx.accounts.get(ADA)
    await store.close()
    assert account is not None
    assert account.enrolled_at == NOW


async def test_a_foreign_database_is_not_migrated(tmp_path: Path) -> None:
    """Another program's tables, other keys and an unknown revision show a refusal."""
    shop = tmp_path / "shop.db"
    connection = sqlite3.connect(shop)
    connection.execute("CREATE TABLE orders (id INTEGER)")
    connection.close()
    with pytest.raises(StoreUnproven, match="another program"):
        await migrate_up(url_of(shop), RING, Travel(), create=True)
    assert tables(shop) == {"orders"}
    ours = sqlite_file(tmp_path)
    with pytest.raises(StoreUnproven, match="installation"):
        await migrate_up(url_of(ours), FOREIGN, Travel(), create=True)
    with pytest.raises(StoreUnproven, match="installation"):
        await migrate_down(url_of(ours), FOREIGN, "base")
    with pytest.raises(StoreUnproven, match="could not be migrated"):
        await migrate_down(url_of(ours), RING, "no-such-revision")
    assert (await status(url_of(ours))).current


async def test_status_reads_only(tmp_path: Path) -> None:
    """Asking for the status of nothing, or of garbage, shows a fault and makes no file."""
    with pytest.raises(StoreUnproven):
        await status(url_of(tmp_path / "none.db"))
    assert files(tmp_path) == {}
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"x" * 9999)
    with pytest.raises(StoreUnproven, match="cannot be read"):
        await status(url_of(garbage))


async def test_two_at_once_migrate_once(tmp_path: Path) -> None:
    """Two processes that create one store show one instance that both can open."""
    path = tmp_path / "sidecar.db"
    both = (migrate_up(url_of(path), RING, Travel(), create=True) for _ in range(2))
    assert all(made.current for made in await asyncio.gather(*both))
    await (await open_store(url_of(path), RING, Travel())).close()


async def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A parent that is a file shows a fault with the system's reason."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnproven, match="cannot be created"):
        await migrate_up(url_of(tmp_path / "file" / "x.db"), RING, Travel(), create=True)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_of_five_processes_one_migrates(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Five processes that start together on nothing show one that migrates, and five that can work
    with the one store there is.
    """
    server: Server = request.getfixturevalue("postgres")
    async with server.empty() as elsewhere:
        url = elsewhere if kind == "postgres" else url_of(tmp_path / "data" / "sidecar.db")
        command = (sys.executable, "-m", "tests.unit.storage.migrator", url)
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        said = json.loads((await process.communicate())[0])
    assert process.returncode == 0
    assert [found[0] for found in said] == [True] * 5
    assert sorted(found[1] for found in said) == [0, 0, 0, 0, len(REVISIONS)]
    assert len({found[2] for found in said}) == 1
