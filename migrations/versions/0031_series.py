"""Development runs, and series of fine-tunes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TABLES = ("fine_tune_series_members", "development_runs", "fine_tune_series")


def upgrade() -> None:
    op.create_table(
        "fine_tune_series",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("dataset_version_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("development_version_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("graders", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("budget", sa.Numeric(precision=14, scale=6, asdecimal=False), nullable=True),
        sa.Column("stopped", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("purpose in ('learning_curve', 'sweep')", name=op.f("ck_fine_tune_series_purpose")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_fine_tune_series_created_by")),
        sa.ForeignKeyConstraint(
            ["dataset_version_id"], ["dataset_versions.id"], name=op.f("fk_fine_tune_series_dataset_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["development_version_id"], ["dataset_versions.id"], name=op.f("fk_fine_tune_series_development_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_fine_tune_series_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fine_tune_series")),
        sa.UniqueConstraint("number", name=op.f("uq_fine_tune_series_number")),
    )
    op.create_index("ix_fine_tune_series_project_id_id", "fine_tune_series", ["project_id", "id"], unique=False)
    op.create_table(
        "fine_tune_series_members",
        sa.Column("fine_tune_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("series_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("differs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["fine_tune_id"],
            ["fine_tunes.id"],
            name=op.f("fk_fine_tune_series_members_fine_tune_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["fine_tune_series.id"],
            name=op.f("fk_fine_tune_series_members_series_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("fine_tune_id", name=op.f("pk_fine_tune_series_members")),
        sa.UniqueConstraint("series_id", "position", name=op.f("uq_fine_tune_series_members_series_id_position")),
    )
    op.create_table(
        "development_runs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("fine_tune_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("dataset_version_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("batch_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("graders", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["model_batches.id"], name=op.f("fk_development_runs_batch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_development_runs_checkpoint_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_development_runs_created_by")),
        sa.ForeignKeyConstraint(
            ["dataset_version_id"], ["dataset_versions.id"], name=op.f("fk_development_runs_dataset_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["fine_tune_id"], ["fine_tunes.id"], name=op.f("fk_development_runs_fine_tune_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_development_runs")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_development_runs_batch_id")),
    )
    op.create_index("ix_development_runs_fine_tune_id_id", "development_runs", ["fine_tune_id", "id"], unique=False)


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
