"""Kept results of closed rounds, and settled disagreements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preference_results",
        sa.Column("round_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["round_id"], ["preference_rounds.id"], name=op.f("fk_preference_results_round_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_preference_results")),
    )
    op.create_table(
        "settled_pairs",
        sa.Column("pair_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("choice in ('a', 'b', 'tie', 'both_bad')", name=op.f("ck_settled_pairs_choice")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["preference_rounds.id"], name=op.f("fk_settled_pairs_round_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["settled_by"], ["users.id"], name=op.f("fk_settled_pairs_settled_by")),
        sa.PrimaryKeyConstraint("pair_id", name=op.f("pk_settled_pairs")),
    )
    op.create_index("ix_settled_pairs_round_id", "settled_pairs", ["round_id"], unique=False)


def downgrade() -> None:
    op.drop_table("settled_pairs")
    op.drop_table("preference_results")
