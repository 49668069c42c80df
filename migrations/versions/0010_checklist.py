"""Sign-offs of the readiness checklist and who may sign; model batches, variations, suggestions."""

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
    _model_batches()


def _model_batches() -> None:
    op.create_table(
        "model_batches",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("price", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("prompt_version", sa.Integer(), nullable=False),
        sa.Column("budget", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("dropped", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cost", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('variations', 'suggestions')", name=op.f("ck_model_batches_kind")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_model_batches_created_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_model_batches_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_model_batches_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_batches")),
    )
    op.create_index("ix_model_batches_project_id_kind_id", "model_batches", ["project_id", "kind", "id"])
    op.create_table(
        "model_batch_items",
        sa.Column("batch_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("example_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("dropped", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "state in ('waiting', 'answered', 'done', 'failed', 'lost')", name=op.f("ck_model_batch_items_state")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["model_batches.id"], name=op.f("fk_model_batch_items_batch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["example_id"], ["examples.id"], name=op.f("fk_model_batch_items_example_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "example_id", name=op.f("pk_model_batch_items")),
    )
    op.create_index(op.f("ix_model_batch_items_example_id"), "model_batch_items", ["example_id"])
    op.create_table(
        "variations",
        sa.Column("example_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("batch_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seed_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seed_revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["model_batches.id"], name=op.f("fk_variations_batch_id")),
        sa.ForeignKeyConstraint(
            ["example_id"], ["examples.id"], name=op.f("fk_variations_example_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["seed_id"], ["examples.id"], name=op.f("fk_variations_seed_id")),
        sa.PrimaryKeyConstraint("example_id", name=op.f("pk_variations")),
    )
    op.create_index(op.f("ix_variations_batch_id"), "variations", ["batch_id"])
    op.create_index(op.f("ix_variations_seed_id"), "variations", ["seed_id"])
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("example_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("behavior", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["model_batches.id"], name=op.f("fk_suggestions_batch_id")),
        sa.ForeignKeyConstraint(
            ["example_id"], ["examples.id"], name=op.f("fk_suggestions_example_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_suggestions_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
        sa.UniqueConstraint(
            "example_id", "revision", "batch_id", name=op.f("uq_suggestions_example_id_revision_batch_id")
        ),
    )
    op.create_index(op.f("ix_suggestions_batch_id"), "suggestions", ["batch_id"])
    op.create_table(
        "suggestion_outcomes",
        sa.Column("annotation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("suggestion_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "outcome in ('accepted', 'edited', 'rejected')", name=op.f("ck_suggestion_outcomes_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["annotation_id"], ["annotations.id"], name=op.f("fk_suggestion_outcomes_annotation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestions.id"], name=op.f("fk_suggestion_outcomes_suggestion_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("annotation_id", name=op.f("pk_suggestion_outcomes")),
    )
    op.create_index(op.f("ix_suggestion_outcomes_suggestion_id"), "suggestion_outcomes", ["suggestion_id"])


def downgrade() -> None:
    for table in ("suggestion_outcomes", "suggestions", "variations", "model_batch_items", "model_batches"):
        op.drop_table(table)
    op.drop_table("sign_offs")
    op.drop_column("members", "may_sign_off")
