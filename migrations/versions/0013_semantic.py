"""Likeness in meaning: the vector of each request, and which requests are close. Derived: it can be made again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unit_embeddings",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("compared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_unit_embeddings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "unit", name=op.f("pk_unit_embeddings")),
    )
    op.create_table(
        "semantic_pairs",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.CheckConstraint("unit < other", name=op.f("ck_semantic_pairs_ordered")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_semantic_pairs_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "unit", "other", name=op.f("pk_semantic_pairs")),
    )
    op.create_index("ix_semantic_pairs_project_id_other", "semantic_pairs", ["project_id", "other"])


def downgrade() -> None:
    op.drop_table("semantic_pairs")
    op.drop_table("unit_embeddings")
