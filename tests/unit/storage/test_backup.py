"""Copies of a file: whole, private, proven, and never half of one."""

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from sidecar.storage.backup import back_up, dump_command, is_file
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.furnished import furnish
from tests.conformance.stores import ADA, RING, Travel, files, open_sqlite, sqlite_file, url_of

FOREIGN = KeyRing((RootKey("k1", b"\xff" * 32),))


async def test_a_copy_is_the_store_of_a_moment(tmp_path: Path) -> None:
    """A store that is written to meanwhile shows a copy with all that was committed before, for
    its owner only, in one file; what comes later is not in it.
    """
    path, target = sqlite_file(tmp_path), tmp_path / "copy.db"
    store = await open_sqlite(path, Travel())
    await furnish(store)
    async with store.begin(ADA) as tx:
        await tx.accounts.bump_epoch(ADA)
        copying = asyncio.create_task(back_up(url_of(path), RING, Travel(), target))
        size = await copying  # beside a transaction that has not committed
    await store.close()
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.stat().st_size == size
    assert {name for name in files(tmp_path) if "copy" in name} == {"copy.db"}
    copy = await open_sqlite(target, Travel())
    async with copy.read() as tx:
        account = await tx.accounts.get(ADA)
        assert len(await tx.authenticators.of(ADA)) == 2
    await copy.close()
    assert account is not None
    assert account.epoch == 0


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file of that name, and one that a copy was interrupted in, show a refusal."""
    path, target = sqlite_file(tmp_path), tmp_path / "copy.db"
    for name in ("copy.db", "copy.db.part"):
        taken = tmp_path / name
        taken.write_text("mine")
        with pytest.raises(FileExistsError):
            await back_up(url_of(path), RING, Travel(), target)
        assert taken.read_text() == "mine"
        taken.unlink()


@pytest.mark.parametrize("how", ["keys", "damage", "absent"])
async def test_what_proves_nothing_gets_no_name(tmp_path: Path, how: str) -> None:
    """Other keys, damage and no store at all show a refusal, and no file."""
    path, target = sqlite_file(tmp_path), tmp_path / "copy.db"
    if how == "damage":
        with sqlite3.connect(path) as connection:
            size = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.close()
        with path.open("r+b") as file:
            file.seek(3 * size)
            file.write(os.urandom(10 * size))
    if how == "absent":
        path.unlink()
    ring = FOREIGN if how == "keys" else RING
    with pytest.raises(StoreUnproven):
        await back_up(url_of(path), ring, Travel(), target)
    assert [name for name in files(tmp_path) if "copy" in name] == []


def test_a_server_is_told_by_its_own_command() -> None:
    """The line for PostgreSQL shows the address without driver and password."""
    url = "postgresql+asyncpg://ada:secret@db.example:5432/sidecar?sslmode=verify-full"
    assert not is_file(url)
    assert is_file("sqlite+aiosqlite:///data/sidecar.db")
    told = dump_command(url, Path("copy.dump"))
    assert told == (
        "pg_dump --format=custom --file=copy.dump"
        ' "postgresql://ada@db.example:5432/sidecar?sslmode=verify-full"'
    )
