"""Test sets that follow another; a version's hash over everything that its rows hold."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dataset_versions", sa.Column("record_hash", sa.Text(), nullable=True))
    op.add_column("test_sets", sa.Column("previous_id", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("test_sets", sa.Column("edition", sa.Integer(), server_default="1", nullable=False))
    op.create_foreign_key("fk_test_sets_previous_id", "test_sets", "test_sets", ["previous_id"], ["id"])
    op.create_index("uq_test_sets_previous_id", "test_sets", ["previous_id"], unique=True)


def downgrade() -> None:
    op.drop_column("test_sets", "edition")
    op.drop_column("test_sets", "previous_id")
    op.drop_column("dataset_versions", "record_hash")
