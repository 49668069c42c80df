"""Worked examples in prompts, the prompt playground, and why cases failed as people said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None

CAUSES = "('missing_document', 'changing_fact', 'ignored_pattern', 'format', 'unclear_requirement', 'safety')"
# A candidate is immutable, its worked examples too; a person's words in them can be erased
SHOTS = """
create function candidate_shot_is_immutable() returns trigger language plpgsql as $$
begin
  if (to_jsonb(old) - 'messages') <> (to_jsonb(new) - 'messages')
     or new.messages <> '[{"role": "user", "content": "[erased]"}]'::jsonb then
    raise exception 'a candidate is immutable: clone it' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger candidate_shot_is_immutable before update on candidate_shots
  for each row execute function candidate_shot_is_immutable();
"""
# What a person said stays said: taking it back is another row
GRANTS = """
do $$
begin
  if exists (select from pg_roles where rolname = 'holdout_app') then
    revoke update, delete on failure_causes from holdout_app;
    revoke delete on candidate_shots from holdout_app;
  end if;
end $$;
"""


def upgrade() -> None:
    op.create_table(
        "candidate_shots",
        sa.Column("candidate_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("example_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("messages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_candidate_shots_candidate_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["example_id"], ["examples.id"], name=op.f("fk_candidate_shots_example_id")),
        sa.PrimaryKeyConstraint("candidate_id", "position", name=op.f("pk_candidate_shots")),
    )
    op.create_index(op.f("ix_candidate_shots_example_id"), "candidate_shots", ["example_id"])
    op.execute(SHOTS)
    _playground()
    _causes()
    op.execute(GRANTS)


def _playground() -> None:
    op.add_column(
        "model_batch_items",
        sa.Column("measured", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    _kinds("('variations', 'suggestions', 'playground')")
    op.create_table(
        "playground_trials",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("candidate_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("graders", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("budget", sa.Float(), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_playground_trials_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidates.id"], name=op.f("fk_playground_trials_candidate_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_playground_trials_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playground_trials")),
    )
    op.create_index("ix_playground_trials_project_id_id", "playground_trials", ["project_id", "id"])
    op.create_table(
        "playground_variants",
        sa.Column("trial_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["playground_trials.id"], name=op.f("fk_playground_variants_trial_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["model_batches.id"], name=op.f("fk_playground_variants_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", "position", name=op.f("pk_playground_variants")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_playground_variants_batch_id")),
    )


def _causes() -> None:
    op.create_table(
        "failure_causes",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("proposed", sa.Text(), nullable=True),
        sa.Column("change_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("undoes", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("set_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"cause in {CAUSES}", name=op.f("ck_failure_causes_cause")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_failure_causes_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["test_cases.id"], name=op.f("fk_failure_causes_case_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["eval_runs.id"], name=op.f("fk_failure_causes_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name=op.f("fk_failure_causes_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failure_causes")),
    )
    op.create_index(op.f("ix_failure_causes_case_id"), "failure_causes", ["case_id"])
    op.create_index(
        "ix_failure_causes_project_id_content_hash_id", "failure_causes", ["project_id", "content_hash", "id"]
    )
    op.create_index("ix_failure_causes_project_id_set_by_id", "failure_causes", ["project_id", "set_by", "id"])


def _kinds(known: str) -> None:
    op.drop_constraint(op.f("ck_model_batches_kind"), "model_batches", type_="check")
    op.create_check_constraint(op.f("ck_model_batches_kind"), "model_batches", f"kind in {known}")


def downgrade() -> None:
    op.drop_table("failure_causes")
    op.drop_table("playground_variants")
    op.drop_table("playground_trials")
    op.execute("delete from model_batches where kind = 'playground'")
    _kinds("('variations', 'suggestions')")
    op.drop_column("model_batch_items", "measured")
    op.drop_table("candidate_shots")
    op.execute("drop function candidate_shot_is_immutable")
