"""Answers that a run takes over from another one instead of asking again"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("eval_runs", sa.Column("reuse_identical", sa.Text(), server_default="no", nullable=False))
    op.create_check_constraint(
        op.f("ck_eval_runs_reuse_identical"), "eval_runs", "reuse_identical in ('no', 'temperature_0', 'any')"
    )
    op.add_column("outputs", sa.Column("request_sha256", sa.LargeBinary(), nullable=True))
    op.add_column("outputs", sa.Column("reused_from", sa.Uuid(as_uuid=False), nullable=True))
    op.create_index(
        "ix_outputs_request_sha256",
        "outputs",
        ["request_sha256"],
        postgresql_where=sa.text("status = 'complete' and reused_from is null"),
    )
    op.create_table(
        "run_reuses",
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("source_run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("outputs", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["eval_runs.id"], name=op.f("fk_run_reuses_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["source_run_id"], ["eval_runs.id"], name=op.f("fk_run_reuses_source_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "source_run_id", name=op.f("pk_run_reuses")),
    )
    op.create_index("ix_run_reuses_source_run_id", "run_reuses", ["source_run_id"])


def downgrade() -> None:
    op.drop_table("run_reuses")
    op.drop_index("ix_outputs_request_sha256", "outputs")
    op.drop_column("outputs", "reused_from")
    op.drop_column("outputs", "request_sha256")
    op.drop_constraint(op.f("ck_eval_runs_reuse_identical"), "eval_runs")
    op.drop_column("eval_runs", "reuse_identical")
