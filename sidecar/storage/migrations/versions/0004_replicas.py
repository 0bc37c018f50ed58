"""What replicas tell each other, who does the chores, and keys that outlive their root key."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
MOMENTS = ("active_at", "retired_at", "dropped_at", "distrusted_at")
IDENTIFIER, WORD = sa.String(length=64), sa.String(length=32)


def upgrade() -> None:
    with op.batch_alter_table("instance") as table:
        table.add_column(sa.Column("serves_from", WORD, nullable=True))
    op.execute(sa.text("UPDATE instance SET serves_from = '0004'"))
    with op.batch_alter_table("revocations") as table:
        table.add_column(sa.Column("marks", sa.Text(), nullable=True))
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("stamp", IDENTIFIER, nullable=True))
    op.create_index("ix_revocations_session_id", "revocations", ["session_id"])
    op.create_index("ix_revocations_realm_subject", "revocations", ["realm", "subject"])
    _know_keys()
    op.create_table(
        "replicas",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("version", WORD, nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("beat_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replicas"),
    )
    op.create_table(
        "leases",
        sa.Column("name", WORD, nullable=False),
        sa.Column("holder", IDENTIFIER, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "purpose_keys",
        sa.Column("purpose", IDENTIFIER, nullable=False),
        sa.Column("key_id", IDENTIFIER, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "key_id", name="pk_purpose_keys"),
    )


def _know_keys() -> None:
    """What an earlier version made was made with the key that seals its id, as far as is known."""
    with op.batch_alter_table("key_canaries") as table:
        for name in MOMENTS:
            table.add_column(sa.Column(name, MOMENT, nullable=True))
    op.execute(sa.text("UPDATE key_canaries SET active_at = created_at"))
    op.execute(
        sa.text(
            "UPDATE key_canaries SET retired_at = CURRENT_TIMESTAMP WHERE 'v1:' || key_id || ':'"
            " <> (SELECT substr(sealed, 1, length(key_id) + 4) FROM instance)"
        )
    )


def downgrade() -> None:
    for name in ("purpose_keys", "leases", "replicas"):
        op.drop_table(name)
    op.drop_index("ix_revocations_realm_subject", "revocations")
    op.drop_index("ix_revocations_session_id", "revocations")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("stamp")
    with op.batch_alter_table("revocations") as table:
        table.drop_column("marks")
    with op.batch_alter_table("key_canaries") as table:
        for name in MOMENTS:
            table.drop_column(name)
    with op.batch_alter_table("instance") as table:
        table.drop_column("serves_from")
