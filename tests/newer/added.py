"""A revision of a version to come: a table, a column with a default, one without, an index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moons",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("authenticator_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_moons"),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name="fk_moons_authenticator_id_authenticators",
            ondelete="CASCADE",
        ),
    )
    for name in ("authenticators", "sessions", "two_factor_attempts", "two_factor_challenges"):
        with op.batch_alter_table(name) as table:
            table.add_column(
                sa.Column("phase", sa.String(length=32), nullable=False, server_default="new")
            )
            table.add_column(sa.Column("rises_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_sessions_phase", "sessions", ["phase"])


def downgrade() -> None:
    op.drop_index("ix_sessions_phase", "sessions")
    for name in ("authenticators", "sessions", "two_factor_attempts", "two_factor_challenges"):
        with op.batch_alter_table(name) as table:
            table.drop_column("rises_at")
            table.drop_column("phase")
    op.drop_table("moons")
