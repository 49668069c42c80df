"""Sample outputs of fine-tunes, and checkpoints that became candidates."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fine_tune_samples",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("fine_tune_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fine_tune_id"], ["fine_tunes.id"], name=op.f("fk_fine_tune_samples_fine_tune_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fine_tune_samples")),
        sa.UniqueConstraint(
            "fine_tune_id", "step", "number", name=op.f("uq_fine_tune_samples_fine_tune_id_step_number")
        ),
    )
    op.create_table(
        "checkpoint_candidates",
        sa.Column("checkpoint_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("candidate_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("promoted_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("promoted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_checkpoint_candidates_candidate_id")
        ),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"],
            ["checkpoints.id"],
            name=op.f("fk_checkpoint_candidates_checkpoint_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["promoted_by"], ["users.id"], name=op.f("fk_checkpoint_candidates_promoted_by")),
        sa.PrimaryKeyConstraint("checkpoint_id", name=op.f("pk_checkpoint_candidates")),
        sa.UniqueConstraint("candidate_id", name=op.f("uq_checkpoint_candidates_candidate_id")),
    )


def downgrade() -> None:
    op.drop_table("checkpoint_candidates")
    op.drop_table("fine_tune_samples")
