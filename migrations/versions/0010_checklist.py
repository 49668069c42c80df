"""Sign-offs of the readiness checklist, and who may sign."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# What a person signed is evidence: rows are added, never changed
GRANTS = """
do $$
begin
  if exists (select from pg_roles where rolname = 'holdout_app') then
    revoke update, delete on sign_offs from holdout_app;
  end if;
end $$;
"""


def upgrade() -> None:
    op.add_column("members", sa.Column("may_sign_off", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "sign_offs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("approved", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("example_ids", postgresql.ARRAY(sa.Uuid(as_uuid=False)), nullable=False),
        sa.Column("revisions", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("sample_ids", postgresql.ARRAY(sa.Uuid(as_uuid=False)), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("action in ('sign', 'not_needed', 'withdraw')", name=op.f("ck_sign_offs_action")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_sign_offs_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_offs_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_offs")),
    )
    op.create_index("ix_sign_offs_project_id_item_id", "sign_offs", ["project_id", "item", "id"], unique=False)
    op.execute(GRANTS)


def downgrade() -> None:
    op.drop_table("sign_offs")
    op.drop_column("members", "may_sign_off")
