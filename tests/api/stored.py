"""What lies in the database of a sidecar, to be compared."""

import sqlite3
from contextlib import closing
from pathlib import Path

IGNORED = {("api_tokens", "last_used_at")}
"""Told of every call, whether it did anything or not."""
MOVING = {"outbox": ("id", "realm", "subject", "created_at")}
"""What stands still of rows on which a worker goes on meanwhile."""

Rows = dict[str, list[tuple[object, ...]]]


def stored(folder: Path) -> Rows:
    """Return every row of every table."""
    uri = f"file:{folder / 'sidecar.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        names = database.execute("select name from sqlite_master where type = 'table'")
        return {name: _rows(database, name) for (name,) in names.fetchall()}


def _rows(database: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    columns = [row[1] for row in database.execute(f'pragma table_info("{table}")')]
    columns = [*MOVING.get(table, columns)]
    kept = ", ".join(f'"{name}"' for name in columns if (table, name) not in IGNORED)
    rows = database.execute(f'select {kept} from "{table}"').fetchall()  # noqa: S608 - our tables
    return sorted(rows, key=repr)


def differences(before: Rows, after: Rows) -> list[str]:
    """Return each row that is there only before or only after, by its table."""
    return [
        f"{table}: {row}"
        for table in sorted({*before, *after})
        for row in {*before.get(table, ())} ^ {*after.get(table, ())}
    ]
