"""What an hour of a machine of one's own costs"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("providers", sa.Column("hourly_rate", sa.Numeric(10, 4, asdecimal=False), nullable=True))


def downgrade() -> None:
    op.drop_column("providers", "hourly_rate")
