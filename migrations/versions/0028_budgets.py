"""What a project may spend on paid calls in a month."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "project_budgets",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("monthly_limit", sa.Numeric(precision=14, scale=6, asdecimal=False), nullable=True),
        sa.Column("monthly_tasks", sa.Integer(), nullable=True),
        sa.Column("updated_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("monthly_limit >= 0", name=op.f("ck_project_budgets_monthly_limit")),
        sa.CheckConstraint("monthly_tasks > 0", name=op.f("ck_project_budgets_monthly_tasks")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_budgets_project_id_projects"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["users.id"], name=op.f("fk_project_budgets_updated_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_budgets")),
    )
    op.create_index("ix_paid_calls_project_id_sent_at", "paid_calls", ["project_id", "sent_at"])


def downgrade() -> None:
    op.drop_index("ix_paid_calls_project_id_sent_at", table_name="paid_calls")
    op.drop_table("project_budgets")
