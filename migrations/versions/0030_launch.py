"""What a fine-tune is validated with, and the first batch as a model would see it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fine_tune_validations",
        sa.Column("fine_tune_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("dataset_version_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("share", sa.Float(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("provider_file_id", sa.Text(), nullable=True),
        sa.CheckConstraint("(dataset_version_id is null) <> (share is null)", name="one_source"),
        sa.ForeignKeyConstraint(["dataset_version_id"], ["dataset_versions.id"]),
        sa.ForeignKeyConstraint(["fine_tune_id"], ["fine_tunes.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("fine_tune_id"),
    )
    op.create_table(
        "launch_previews",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("provider_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("base_model", sa.Text(), nullable=False),
        sa.Column("dataset_version_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status in ('queued', 'running', 'succeeded', 'failed')", name="status"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["dataset_version_id"], ["dataset_versions.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_launch_previews_project_id_id", "launch_previews", ["project_id", "id"])


def downgrade() -> None:
    op.drop_table("launch_previews")
    op.drop_table("fine_tune_validations")
