"""The first schema: people, authenticators, ceremonies, tries, sessions and the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _audit_events()
    _authenticators()
    _instance()
    _invitations()
    _key_canaries()
    _revocations()
    _sessions()
    _two_factor_attempts()
    _two_factor_challenges()
    _two_factor_configs()
    _backup_codes()


def downgrade() -> None:
    for table in (
        "backup_codes",
        "two_factor_configs",
        "two_factor_challenges",
        "two_factor_attempts",
        "sessions",
        "revocations",
        "key_canaries",
        "invitations",
        "instance",
        "authenticators",
        "audit_events",
    ):
        op.drop_table(table)


def _audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("sequence", SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("realm", sa.String(length=255), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_events"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_audit_events_realm_subject_sequence", "audit_events", ["realm", "subject", "sequence"]
    )


def _authenticators() -> None:
    op.create_table(
        "authenticators",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("realm", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("factor", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("material", sa.Text(), nullable=True),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_authenticators"),
    )
    op.create_index("ix_authenticators_realm_subject", "authenticators", ["realm", "subject"])


def _instance() -> None:
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("realm", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("redeemed_at", MOMENT, nullable=True),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name="pk_invitations"),
    )
    op.create_index("ix_invitations_realm_subject", "invitations", ["realm", "subject"])


def _key_canaries() -> None:
    op.create_table(
        "key_canaries",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_key_canaries"),
    )


def _revocations() -> None:
    op.create_table(
        "revocations",
        sa.Column("sequence", SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("realm", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_revocations"),
        sqlite_autoincrement=True,
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("realm", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("previous_hash", sa.String(length=64), nullable=True),
        sa.Column("previous_until", MOMENT, nullable=True),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("proofs", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_previous_hash", "sessions", ["previous_hash"])
    op.create_index("ix_sessions_realm_subject", "sessions", ["realm", "subject"])


def _two_factor_attempts() -> None:
    op.create_table(
        "two_factor_attempts",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("realm", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("factor", sa.String(length=255), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("challenge_id", sa.String(length=64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_two_factor_attempts"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_two_factor_attempts_realm_subject_factor_verified_at",
        "two_factor_attempts",
        ["realm", "subject", "factor", "verified", "at"],
    )


def _two_factor_challenges() -> None:
    op.create_table(
        "two_factor_challenges",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("realm", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("factor", sa.String(length=255), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("authenticator_id", sa.String(length=64), nullable=True),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("consumed_at", MOMENT, nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("spent_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_two_factor_challenges"),
    )
    op.create_index("ix_two_factor_challenges_expires_at", "two_factor_challenges", ["expires_at"])
    op.create_index(
        "ix_two_factor_challenges_realm_subject_session_id",
        "two_factor_challenges",
        ["realm", "subject", "session_id"],
    )


def _two_factor_configs() -> None:
    op.create_table(
        "two_factor_configs",
        sa.Column("realm", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=True),
        sa.Column("reset_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("realm", "subject", name="pk_two_factor_configs"),
    )


def _backup_codes() -> None:
    op.create_table(
        "backup_codes",
        sa.Column("authenticator_id", sa.String(length=64), nullable=False),
        sa.Column("selector", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name="fk_backup_codes_authenticator_id_authenticators",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("authenticator_id", "selector", name="pk_backup_codes"),
    )
