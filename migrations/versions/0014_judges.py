"""Judges: their verdicts, what they cost a run, and the samples that people mark to calibrate them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COUNTS = ("judge_total", "judge_done", "judge_failed")


def upgrade() -> None:
    op.add_column("projects", sa.Column("judge_bound", sa.Float(), server_default="0.6", nullable=False))
    op.create_check_constraint(op.f("ck_projects_judge_bound"), "projects", "judge_bound between 0 and 1")
    for name in COUNTS:
        op.add_column("eval_runs", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("eval_runs", sa.Column("judge_cost", sa.Numeric(14, 8), nullable=True))
    _judgements()
    _calibration()


def _judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("output_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("judge", sa.Text(), nullable=False),
        sa.Column("turn", sa.Text(), server_default="", nullable=False),
        sa.Column("call_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("model_returned", sa.Text(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Float(), nullable=True),
        sa.Column("cost", sa.Numeric(14, 8), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status in ('given', 'unreadable', 'truncated', 'failed')", name=op.f("ck_judgements_status")
        ),
        sa.CheckConstraint("turn in ('', 'ab', 'ba')", name=op.f("ck_judgements_turn")),
        sa.ForeignKeyConstraint(["run_id"], ["eval_runs.id"], name=op.f("fk_judgements_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["output_id"], ["outputs.id"], name=op.f("fk_judgements_output_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
        sa.UniqueConstraint("output_id", "judge", "turn", name=op.f("uq_judgements_output_id_judge_turn")),
    )
    op.create_index("ix_judgements_run_id_judge", "judgements", ["run_id", "judge"])


def _calibration() -> None:
    op.create_table(
        "calibration_samples",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("grader", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("guidance", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_calibration_samples_created_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_calibration_samples_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["eval_runs.id"], name=op.f("fk_calibration_samples_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_samples")),
        sa.UniqueConstraint(
            "project_id", "grader", "run_id", name=op.f("uq_calibration_samples_project_id_grader_run_id")
        ),
    )
    op.create_index(op.f("ix_calibration_samples_run_id"), "calibration_samples", ["run_id"])
    op.create_table(
        "calibration_items",
        *_of_sample("calibration_items"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.CheckConstraint("part in ('rubric', 'measure')", name=op.f("ck_calibration_items_part")),
        sa.PrimaryKeyConstraint("sample_id", "output_id", name=op.f("pk_calibration_items")),
    )
    op.create_index(op.f("ix_calibration_items_output_id"), "calibration_items", ["output_id"])
    op.create_table(
        "calibration_marks",
        *_of_sample("calibration_marks"),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("saw_run", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_calibration_marks_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_id", "output_id", "user_id", name=op.f("pk_calibration_marks")),
    )
    op.create_index(op.f("ix_calibration_marks_output_id"), "calibration_marks", ["output_id"])


def _of_sample(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("sample_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("output_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["calibration_samples.id"], name=op.f(f"fk_{table}_sample_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["output_id"], ["outputs.id"], name=op.f(f"fk_{table}_output_id"), ondelete="CASCADE"),
    ]


def downgrade() -> None:
    for table in ("calibration_marks", "calibration_items", "calibration_samples", "judgements"):
        op.drop_table(table)
    for name in (*COUNTS, "judge_cost"):
        op.drop_column("eval_runs", name)
    op.drop_column("projects", "judge_bound")
