"""The tables of the management API: its tokens, kept answers, and requests for recovery."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table

from sidecar.storage.columns import IDENTIFIER, WORD, Text, Utc, metadata, person_columns

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", IDENTIFIER, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("networks", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("last_used_at", Utc),
    Column("revoked_at", Utc),
    Column("mac", Text, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("client", IDENTIFIER, primary_key=True),
    Column("key", IDENTIFIER, primary_key=True),
    Column("request_hash", IDENTIFIER, nullable=False),
    Column("answer", Text),
    Column("claimed_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Index(None, "expires_at"),
)

recovery_requests = Table(
    "recovery_requests",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    *person_columns(),
    Column("reason", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("status", WORD, nullable=False),
    Column("decided_at", Utc),
    Index(None, "realm", "subject", "status"),
    Index(None, "status", "expires_at"),
)

recovery_approvals = Table(
    "recovery_approvals",
    metadata,
    Column(
        "request_id",
        IDENTIFIER,
        ForeignKey("recovery_requests.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("by", Text, primary_key=True),
    Column("approved", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
)
