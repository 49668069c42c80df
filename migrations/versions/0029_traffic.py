"""Figures of production completions, and how many are sampled."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "traffic_items",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("answer_characters", sa.Integer(), nullable=False),
        sa.Column("behavior", sa.Text(), nullable=True),
        sa.Column("format_ok", sa.Boolean(), nullable=True),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "behavior in ('answer', 'refuse', 'clarify', 'escalate')", name=op.f("ck_traffic_items_behavior")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_traffic_items_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "id_hash", name=op.f("pk_traffic_items")),
    )
    op.create_index("ix_traffic_items_project_id_at", "traffic_items", ["project_id", "at"])
    op.create_table(
        "traffic_settings",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sample_rate", sa.Float(), nullable=False),
        sa.Column("updated_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("sample_rate between 0 and 1", name=op.f("ck_traffic_settings_sample_rate")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_traffic_settings_project_id_projects"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["users.id"], name=op.f("fk_traffic_settings_updated_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_traffic_settings")),
    )


def downgrade() -> None:
    op.drop_table("traffic_settings")
    op.drop_table("traffic_items")
