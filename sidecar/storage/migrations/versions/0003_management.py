"""Clients of the management API, what they may repeat, recovery, and people who can be erased."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NAME, IDENTIFIER, WORD = sa.String(length=255), sa.String(length=64), sa.String(length=32)

PEOPLE = "ix_two_factor_configs_bytes"


def upgrade() -> None:
    with op.batch_alter_table("two_factor_configs") as table:
        table.add_column(
            sa.Column("required", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("client", IDENTIFIER, nullable=False, server_default=""))
    with op.batch_alter_table("audit_events") as table:
        table.add_column(sa.Column("pseudonym", WORD, nullable=True))
    _api_tokens()
    _idempotency_keys()
    _recovery()
    _order_of_people()


def downgrade() -> None:
    op.execute(f"DROP INDEX IF EXISTS {PEOPLE}")
    for name in ("recovery_approvals", "recovery_requests", "idempotency_keys", "api_tokens"):
        op.drop_table(name)
    with op.batch_alter_table("audit_events") as table:
        table.drop_column("pseudonym")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("client")
    with op.batch_alter_table("two_factor_configs") as table:
        table.drop_column("version")
        table.drop_column("required")


def _order_of_people() -> None:
    """The key of people is ordered by bytes: on SQLite it is, on PostgreSQL it need not be."""
    if op.get_bind().dialect.name == "postgresql":
        columns = [sa.text(f'{column} COLLATE "C"') for column in ("realm", "subject")]
        op.create_index(PEOPLE, "two_factor_configs", columns)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, [*columns])


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", IDENTIFIER, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("networks", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("hash", name="uq_api_tokens_hash"),
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("client", IDENTIFIER, nullable=False),
        sa.Column("key", IDENTIFIER, nullable=False),
        sa.Column("request_hash", IDENTIFIER, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("claimed_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("client", "key", name="pk_idempotency_keys"),
    )
    _index("idempotency_keys", "expires_at")


def _recovery() -> None:
    op.create_table(
        "recovery_requests",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("realm", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_requests"),
    )
    _index("recovery_requests", "realm", "subject", "status")
    _index("recovery_requests", "status", "expires_at")
    op.create_table(
        "recovery_approvals",
        sa.Column("request_id", IDENTIFIER, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["recovery_requests.id"],
            name="fk_recovery_approvals_request_id_recovery_requests",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", "by", name="pk_recovery_approvals"),
    )
