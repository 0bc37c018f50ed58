"""The tables, in portable SQLAlchemy Core; migrations are tested to build exactly these."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    and_,
)

from sidecar.core.model import Person


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


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_NAME = String(255)
_ID = String(64)
_WORD = String(32)
_SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts upwards by itself only in a column spelled INTEGER."""


def _person(*, key: bool = False, known: bool = True) -> tuple[Column[str], Column[str]]:
    return (
        Column("realm", _NAME, primary_key=key, nullable=not known),
        Column("subject", _NAME, primary_key=key, nullable=not known),
    )


def _serial(name: str) -> Column[int]:
    return Column(name, _SERIAL, primary_key=True, autoincrement=True)


instance = Table(
    "instance",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)

canaries = Table(
    "key_canaries",
    metadata,
    Column("key_id", _ID, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)

accounts = Table(
    "two_factor_configs",
    metadata,
    *_person(key=True),
    Column("enabled", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("enrolled_at", Utc),
    Column("reset_at", Utc),
)

authenticators = Table(
    "authenticators",
    metadata,
    Column("id", _ID, primary_key=True),
    *_person(),
    Column("factor", _NAME, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", _WORD, nullable=False),
    Column("level", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("material", Text),
    Column("mac", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("last_used_at", Utc),
    Index(None, "realm", "subject"),
)

backup_codes = Table(
    "backup_codes",
    metadata,
    Column(
        "authenticator_id",
        _ID,
        ForeignKey("authenticators.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("selector", _WORD, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("used_at", Utc),
)

challenges = Table(
    "two_factor_challenges",
    metadata,
    Column("id", _ID, primary_key=True),
    *_person(),
    Column("session_id", _ID, nullable=False),
    Column("purpose", _WORD, nullable=False),
    Column("factor", _NAME, nullable=False),
    Column("action", Text, nullable=False),
    Column("authenticator_id", _ID),
    Column("prompt", Text),
    Column("state", Text),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("consumed_at", Utc),
    Column("verified", Boolean, nullable=False),
    Column("spent_at", Utc),
    Index(None, "realm", "subject", "session_id"),
    Index(None, "expires_at"),
)

attempts = Table(
    "two_factor_attempts",
    metadata,
    _serial("id"),
    *_person(),
    Column("factor", _NAME, nullable=False),
    Column("known", Boolean, nullable=False),
    Column("challenge_id", _ID, nullable=False),
    Column("at", Utc, nullable=False),
    Column("settled_at", Utc),
    Column("verified", Boolean, nullable=False),
    Index(None, "realm", "subject", "factor", "verified", "at"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", _ID, primary_key=True),
    *_person(),
    Column("status", _WORD, nullable=False),
    Column("token_hash", _ID, unique=True),
    Column("previous_hash", _ID, index=True),
    Column("previous_until", Utc),
    Column("previous", Text),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False, index=True),
    Column("last_seen_at", Utc, nullable=False),
    Column("proofs", Text, nullable=False),
    Column("login", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("address", Text, nullable=False),
    Index(None, "realm", "subject"),
)

revocations = Table(
    "revocations",
    metadata,
    _serial("sequence"),
    Column("kind", _WORD, nullable=False),
    *_person(),
    Column("session_id", _ID),
    Column("at", Utc, nullable=False),
    sqlite_autoincrement=True,
)
"""A sequence number is never given twice, even after old rows are swept away."""

invitations = Table(
    "invitations",
    metadata,
    Column("code_hash", _ID, primary_key=True),
    *_person(),
    Column("by", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("redeemed_at", Utc),
    Column("voided_at", Utc),
    Index(None, "realm", "subject"),
)

audit_events = Table(
    "audit_events",
    metadata,
    _serial("sequence"),
    Column("at", Utc, nullable=False),
    Column("name", _NAME, nullable=False),
    *_person(known=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("hash", _ID, nullable=False),
    Column("mac", Text, nullable=False),
    Index(None, "realm", "subject", "sequence"),
    sqlite_autoincrement=True,
)


def of_person(table: Table, person: Person) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the person: both halves, byte for byte."""
    return and_(table.c.realm == person.realm, table.c.subject == person.subject)


def person_values(person: Person) -> dict[str, str]:
    """Return the columns that say whose a row is."""
    return {"realm": person.realm, "subject": person.subject}
