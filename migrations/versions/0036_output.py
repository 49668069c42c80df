"""What a training process printed last"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fine_tune_outputs",
        sa.Column("fine_tune_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["fine_tune_id"],
            ["fine_tunes.id"],
            name=op.f("fk_fine_tune_outputs_fine_tune_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("fine_tune_id", name=op.f("pk_fine_tune_outputs")),
    )


def downgrade() -> None:
    op.drop_table("fine_tune_outputs")
