"""The columns that tables share, and how a row's person is told and compared."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    FromClause,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    and_,
    bindparam,
    tuple_,
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


class Key(TypeDecorator[str]):
    """A short text that rows are found by; what no database keeps is in none of ours.

    A control character stands for it, so that whoever asks for such a key finds nobody: identity
    sources refuse it in subjects, and no id has one.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        return value and key_of(value)


class Text(TypeDecorator[str]):
    """A text of any length that is only read; what no database keeps is marked in it."""

    impl = sqlalchemy.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        return value and text_of(value)


_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL has no place for, and halves of surrogate pairs, which no encoding has."""


def key_of(value: str) -> str:
    """Return what a column of keys keeps of the value: all of it, if it is one of ours."""
    return value if value.isprintable() else _UNKEEPABLE.sub("\x7f", value)


def text_of(value: str) -> str:
    """Return what a column of texts keeps of the value."""
    return value if value.isprintable() else _UNKEEPABLE.sub("\ufffd", value)


NAME = Key(255)
IDENTIFIER = Key(64)
WORD = Key(32)
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


def of_whom(table: FromClause) -> ColumnElement[bool]:
    """Return the same for whomever `whom` names when the statement is executed."""
    realm, subject = bindparam("of_realm", type_=NAME), bindparam("of_subject", type_=NAME)
    return and_(table.c.realm == realm, table.c.subject == subject)


def whom(person: Person) -> dict[str, str]:
    """Return the values of `of_whom`."""
    return {"of_realm": person.realm, "of_subject": person.subject}


def of_people(table: Table, people: Sequence[Person]) -> ColumnElement[bool]:
    """Return the condition that a row belongs to one of the people."""
    names = [(person.realm, person.subject) for person in people]
    return tuple_(table.c.realm, table.c.subject).in_(names)


def person_values(person: Person) -> dict[str, str]:
    """Return the columns that say whose a row is."""
    return {"realm": person.realm, "subject": person.subject}
