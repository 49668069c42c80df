"""The job queue's own tables and functions, as its library ships them."""

from typing import Any

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def run(sql: str) -> None:
    # The SQL is full of %, which only the bare driver connection leaves alone.
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(sql)


def upgrade() -> None:
    run(SchemaManager.get_schema())


def downgrade() -> None:
    raise NotImplementedError("The job queue's schema has no way back: restore a backup instead.")
