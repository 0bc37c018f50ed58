"""The columns that tables share, and how a row's person is told and compared."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    and_,
)

from sidecar.core.model import Person

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Utc(TypeDecorator[datetime]):
    """A moment, always aware and in UTC, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


NAME = String(255)
IDENTIFIER = String(64)
WORD = String(32)
SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts upwards by itself only in a column spelled INTEGER."""


def person_columns(*, key: bool = False, known: bool = True) -> tuple[Column[str], Column[str]]:
    return (
        Column("realm", NAME, primary_key=key, nullable=not known),
        Column("subject", NAME, primary_key=key, nullable=not known),
    )


def serial(name: str) -> Column[int]:
    return Column(name, SERIAL, primary_key=True, autoincrement=True)


def of_person(table: Table, person: Person) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the person: both halves, byte for byte."""
    return and_(table.c.realm == person.realm, table.c.subject == person.subject)


def person_values(person: Person) -> dict[str, str]:
    """Return the columns that say whose a row is."""
    return {"realm": person.realm, "subject": person.subject}
