"""Tries of graders before they are saved; parts of the cases and stability of a run."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

STATUSES = "('estimated', 'queued', 'running', 'succeeded', 'failed')"


def upgrade() -> None:
    op.create_table(
        "grader_tries",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("typed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("grader", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("output_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("estimate", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("cost", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"status in {STATUSES}", name=op.f("ck_grader_tries_status")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_grader_tries_created_by"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_grader_tries_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["eval_runs.id"], name=op.f("fk_grader_tries_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grader_tries")),
    )
    op.create_index("ix_grader_tries_project_id_id", "grader_tries", ["project_id", "id"], unique=False)
    op.add_column("eval_runs", sa.Column("breakdown", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("eval_runs", "breakdown")
    op.drop_table("grader_tries")
