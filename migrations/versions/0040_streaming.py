"""Answers in pieces: when the first token came"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("eval_runs", sa.Column("stream", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("outputs", sa.Column("first_token_ms", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("outputs", "first_token_ms")
    op.drop_column("eval_runs", "stream")
