"""Public keys, messages on their way, addresses that notices go to, and remembered browsers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NAME, IDENTIFIER, WORD = sa.String(length=255), sa.String(length=64), sa.String(length=32)


def upgrade() -> None:
    with op.batch_alter_table("authenticators") as table:
        table.add_column(sa.Column("detail", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("held_until", MOMENT, nullable=True))
        table.add_column(sa.Column("held_level", sa.Integer(), nullable=False, server_default="2"))
    _hardware_keys()
    _outbox()
    _notification_addresses()
    _trusted_devices()


def downgrade() -> None:
    for name in ("trusted_devices", "notification_addresses", "outbox", "hardware_keys"):
        op.drop_table(name)
    with op.batch_alter_table("authenticators") as table:
        for column in ("held_level", "held_until", "detail"):
            table.drop_column(column)


def _person() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("realm", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, [*columns])


def _hardware_keys() -> None:
    op.create_table(
        "hardware_keys",
        sa.Column("authenticator_id", IDENTIFIER, nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name="fk_hardware_keys_authenticator_id_authenticators",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("authenticator_id", name="pk_hardware_keys"),
        sa.UniqueConstraint("credential_id", name="uq_hardware_keys_credential_id"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", IDENTIFIER, nullable=False),
        *_person(),
        sa.Column("challenge_id", IDENTIFIER, nullable=True),
        sa.Column("channel", WORD, nullable=False),
        sa.Column("destination", IDENTIFIER, nullable=False),
        sa.Column("region", WORD, nullable=False),
        sa.Column("template", NAME, nullable=False),
        sa.Column("language", WORD, nullable=False),
        sa.Column("transport", NAME, nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("status", WORD, nullable=False),
        sa.Column("provider", NAME, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("failure", NAME, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("verified_at", MOMENT, nullable=True),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    _index("outbox", "challenge_id")
    _index("outbox", "created_at", "status", "challenge_id")
    _index("outbox", "status", "created_at")
    _index("outbox", "realm", "subject", "created_at")
    _index("outbox", "destination", "created_at")
    _index("outbox", "channel", "region", "created_at")
    _index("outbox", "provider", "reference")


def _notification_addresses() -> None:
    op.create_table(
        "notification_addresses",
        sa.Column("id", IDENTIFIER, nullable=False),
        *_person(),
        sa.Column("channel", WORD, nullable=False),
        sa.Column("destination", IDENTIFIER, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("origin", NAME, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("verified_at", MOMENT, nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notification_addresses"),
        sa.UniqueConstraint(
            *("realm", "subject", "channel", "destination"),
            name="uq_notification_addresses_realm_subject_channel_destination",
        ),
    )


def _trusted_devices() -> None:
    op.create_table(
        "trusted_devices",
        sa.Column("id", IDENTIFIER, nullable=False),
        *_person(),
        sa.Column("counter_hash", IDENTIFIER, nullable=False),
        sa.Column("previous_hash", IDENTIFIER, nullable=True),
        sa.Column("previous_until", MOMENT, nullable=True),
        sa.Column("arrived", sa.Boolean(), nullable=False),
        sa.Column("factor", NAME, nullable=False),
        sa.Column("proven_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trusted_devices"),
    )
    _index("trusted_devices", "realm", "subject")
    _index("trusted_devices", "expires_at")
