"""The tables, in portable SQLAlchemy Core; migrations are tested to build exactly these."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    false,
)

from sidecar.storage.columns import (
    IDENTIFIER,
    NAME,
    WORD,
    Text,
    Utc,
    metadata,
    person_columns,
    serial,
)

instance = Table(
    "instance",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("serves_from", WORD),
)
"""`serves_from`: the oldest revision whose version of this program can work with the schema."""

canaries = Table(
    "key_canaries",
    metadata,
    Column("key_id", IDENTIFIER, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("active_at", Utc),
    Column("retired_at", Utc),
    Column("dropped_at", Utc),
    Column("distrusted_at", Utc),
)
"""Every root key that a process ever served with: since when it made everything, until when, when
one started without it, and when it was declared to have leaked."""

accounts = Table(
    "two_factor_configs",
    metadata,
    *person_columns(key=True),
    Column("enabled", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("enrolled_at", Utc),
    Column("reset_at", Utc),
    Column("required", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False, server_default="0"),
)

authenticators = Table(
    "authenticators",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    *person_columns(),
    Column("factor", NAME, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", WORD, nullable=False),
    Column("level", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("material", Text),
    Column("mac", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("last_used_at", Utc),
    Column("detail", Text, nullable=False, server_default=""),
    Column("held_until", Utc),
    Column("held_level", Integer, nullable=False, server_default="2"),
    Index(None, "realm", "subject"),
)

hardware_keys = Table(
    "hardware_keys",
    metadata,
    Column(
        "authenticator_id",
        IDENTIFIER,
        ForeignKey("authenticators.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("credential_id", Text, nullable=False, unique=True),
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)
"""Public keys stand in clear; the MAC of the authenticator's row covers them."""

backup_codes = Table(
    "backup_codes",
    metadata,
    Column(
        "authenticator_id",
        IDENTIFIER,
        ForeignKey("authenticators.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("selector", WORD, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("used_at", Utc),
)

challenges = Table(
    "two_factor_challenges",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    *person_columns(),
    Column("session_id", IDENTIFIER, nullable=False),
    Column("purpose", WORD, nullable=False),
    Column("factor", NAME, nullable=False),
    Column("action", Text, nullable=False),
    Column("authenticator_id", IDENTIFIER),
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
    serial("id"),
    *person_columns(),
    Column("factor", NAME, nullable=False),
    Column("known", Boolean, nullable=False),
    Column("challenge_id", IDENTIFIER, nullable=False),
    Column("at", Utc, nullable=False),
    Column("settled_at", Utc),
    Column("verified", Boolean, nullable=False),
    Index(None, "realm", "subject", "factor", "verified", "at"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    *person_columns(),
    Column("status", WORD, nullable=False),
    Column("token_hash", IDENTIFIER, unique=True),
    Column("previous_hash", IDENTIFIER, index=True),
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
    Column("client", IDENTIFIER, nullable=False, server_default=""),
    Column("stamp", IDENTIFIER),
    Index(None, "realm", "subject"),
)
"""`stamp`: what was proven is kept elsewhere, and of all that lies there this one counts."""

revocations = Table(
    "revocations",
    metadata,
    serial("sequence"),
    Column("kind", WORD, nullable=False),
    *person_columns(),
    Column("session_id", IDENTIFIER, index=True),
    Column("at", Utc, nullable=False),
    Column("marks", Text),
    Index(None, "realm", "subject"),
    sqlite_autoincrement=True,
)
"""A sequence number is never given twice, even after old rows are swept away."""

invitations = Table(
    "invitations",
    metadata,
    Column("code_hash", IDENTIFIER, primary_key=True),
    *person_columns(),
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
    serial("sequence"),
    Column("at", Utc, nullable=False),
    Column("name", NAME, nullable=False),
    *person_columns(known=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("hash", IDENTIFIER, nullable=False),
    Column("mac", Text, nullable=False),
    Column("pseudonym", WORD),
    Index(None, "realm", "subject", "sequence"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    *person_columns(),
    Column("challenge_id", IDENTIFIER, index=True),
    Column("channel", WORD, nullable=False),
    Column("destination", IDENTIFIER, nullable=False),
    Column("region", WORD, nullable=False),
    Column("template", NAME, nullable=False),
    Column("language", WORD, nullable=False),
    Column("transport", NAME, nullable=False),
    Column("message", Text),
    Column("status", WORD, nullable=False),
    Column("provider", NAME, nullable=False),
    Column("reference", Text, nullable=False),
    Column("failure", NAME, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("claimed_at", Utc),
    Column("settled_at", Utc),
    Column("verified_at", Utc),
    Column("known", Boolean, nullable=False),
    Index(None, "created_at", "status", "challenge_id"),
    Index(None, "status", "created_at"),
    Index(None, "realm", "subject", "created_at"),
    Index(None, "destination", "created_at"),
    Index(None, "channel", "region", "created_at"),
    Index(None, "provider", "reference"),
)
"""Messages that were accepted for sending: sealed until they are settled, counted ever after."""

notification_addresses = Table(
    "notification_addresses",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    *person_columns(),
    Column("channel", WORD, nullable=False),
    Column("destination", IDENTIFIER, nullable=False),
    Column("address", Text, nullable=False),
    Column("origin", NAME, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("verified_at", Utc),
    Column("removed_at", Utc),
    UniqueConstraint("realm", "subject", "channel", "destination"),
)

trusted_devices = Table(
    "trusted_devices",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    *person_columns(),
    Column("counter_hash", IDENTIFIER, nullable=False),
    Column("previous_hash", IDENTIFIER),
    Column("previous_until", Utc),
    Column("arrived", Boolean, nullable=False),
    Column("factor", NAME, nullable=False),
    Column("proven_at", Utc, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("last_used_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("user_agent", Text, nullable=False),
    Column("address", Text, nullable=False),
    Index(None, "realm", "subject"),
    Index(None, "expires_at"),
)
