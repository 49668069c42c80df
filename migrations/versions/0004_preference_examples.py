"""What imported formats hold beside a conversation: the answer that was not preferred, and graders.

``imports.container`` says how the file was packed (gzip, parquet, …), ``graders`` holds grader objects that stood in
it, ``definitions`` counts the rows that define such things and are no examples.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("revisions", sa.Column("non_preferred", JSON, nullable=True))
    op.add_column("imports", sa.Column("container", sa.Text(), server_default="", nullable=False))
    op.add_column("imports", sa.Column("graders", JSON, server_default="[]", nullable=False))
    op.add_column("imports", sa.Column("definitions", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Refuses where answers that were not preferred would be lost."""
    lost = op.get_bind().scalar(sa.text("select exists(select from revisions where non_preferred is not null)"))
    if lost:
        raise RuntimeError("Examples hold answers that were not preferred; the earlier schema has no place for them.")
    for name in ("definitions", "graders", "container"):
        op.drop_column("imports", name)
    op.drop_column("revisions", "non_preferred")
