"""A copy of a store in one file, made while it is used, and proven before it has its name."""

import asyncio
import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import URL
from sqlalchemy.engine import make_url

from sidecar.core.protocols import Clock
from sidecar.storage import canary, sqlite
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.vault import KeyRing

_WELL: Final = "ok"


def is_file(url: str) -> bool:
    """Tell whether a store is a file, which we copy; a server has means of its own."""
    return make_url(url).get_backend_name() == "sqlite"


def dump_command(url: str, target: Path) -> str:
    """Return the command by which PostgreSQL makes a backup; it asks for the password."""
    parsed = make_url(url).set(drivername="postgresql")._replace(password=None)
    address = parsed.render_as_string(hide_password=False)
    return f'pg_dump --format=custom --file={target} "{address}"'


async def back_up(url: str, ring: KeyRing, clock: Clock, target: Path) -> int:
    """Return how many bytes the copy has, which is the store of one moment.

    It is made beside the target under another name, opened with the keys, and named last: a file
    of that name is a whole and proven backup, or is not there.

    Raises:
        StoreUnproven: the store or the copy does not prove itself.
        FileExistsError: there is a file of that name.
        OSError: it cannot be written.

    """
    source = sqlite.DatabaseFile(make_url(url))
    await source.require()
    part = await asyncio.to_thread(_begin, target)
    try:
        await asyncio.to_thread(_copy, source.path, part)
        await _prove(part, ring, clock)
        return await asyncio.to_thread(_name, part, target)
    finally:
        await asyncio.to_thread(part.unlink)


def _begin(target: Path) -> Path:
    """Return an empty file beside the target, which only its owner may read."""
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    part = target.with_name(f"{target.name}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return part


def _copy(source: Path, part: Path) -> None:
    """All pages are copied in one step: of one moment, and no writer waits for it.

    The copy keeps no log beside it, so that it is one file wherever it is carried.
    """
    try:
        with (
            closing(sqlite3.connect(_address(source), uri=True)) as one,
            closing(sqlite3.connect(_address(part), uri=True)) as other,
        ):
            one.backup(other, pages=-1)
            other.execute("PRAGMA journal_mode = DELETE")
            told = other.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreUnproven(f"{source} cannot be copied: {error}") from error
    if told != _WELL:
        raise StoreUnproven(f"{source} is damaged: {told}", "sidecar db check")


async def _prove(part: Path, ring: KeyRing, clock: Clock) -> None:
    engine = sqlite.DatabaseFile(URL.create("sqlite", database=str(part))).reader()
    try:
        async with engine.connect() as connection:
            await canary.prove(connection, ring, clock())
    finally:
        await engine.dispose()


def _name(part: Path, target: Path) -> int:
    """The copy is on the disk under its name; one that is there meanwhile is not replaced."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.link(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return target.stat().st_size


def _address(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}?mode=rw"
