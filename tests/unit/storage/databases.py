"""A database of SQLite looked into, and changed, behind the back of the store."""

import sqlite3
from pathlib import Path


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    """Return what a statement finds in the folder's database."""
    connection = sqlite3.connect(folder / "sidecar.db")
    with connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


def change(folder: Path, statement: str, values: tuple[object, ...] = ()) -> None:
    """Something in the folder's database is not what it was."""
    connection = sqlite3.connect(folder / "sidecar.db")
    with connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()
