"""A provider's limits of requests and tokens per minute."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

LIMITS = ("requests_per_minute", "tokens_per_minute")


def upgrade() -> None:
    for name in LIMITS:
        op.add_column("providers", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in LIMITS:
        op.drop_column("providers", name)
