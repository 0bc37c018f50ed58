"""What statements say differently to SQLite and to PostgreSQL."""

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, collate
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def upsert(connection: AsyncConnection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an insert that can say what happens on a conflict, in the database's own dialect."""
    return inserting(connection.dialect.name, table)


def inserting(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return the same in the dialect of this name."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def in_byte_order(
    connection: AsyncConnection, table: Table
) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return what orders the rows of people by realm and subject, byte for byte.

    SQLite compares so by itself; PostgreSQL would by the language of the database.
    """
    realm, subject = table.c.realm, table.c.subject
    if connection.dialect.name == "postgresql":
        return collate(realm, "C"), collate(subject, "C")
    return realm, subject
