"""Gates and signed verdicts; comparisons that were worked out; what it cost to make a candidate."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

DECISIONS = "('ship', 'dont_ship', 'not_enough_evidence')"
# What a team asked for beforehand, and what a person signed, is evidence: rows are added, never changed
GRANTS = """
do $$
begin
  if exists (select from pg_roles where rolname = 'holdout_app') then
    revoke update, delete on gate_sets, verdicts from holdout_app;
    grant update (note) on gate_sets, verdicts to holdout_app;  -- a person's words can be erased
  end if;
end $$;
"""
COSTS = """
insert into making_costs (candidate_id, training, at)
select candidate_id, cost, coalesce(finished_at, created_at) from fine_tunes
where candidate_id is not null and cost is not null on conflict do nothing
"""


def upgrade() -> None:
    op.create_table(
        "gate_sets",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("gates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("volume", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("volume > 0", name=op.f("ck_gate_sets_volume")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_gate_sets_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_gate_sets_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_sets")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_gate_sets_project_id_number")),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("baseline_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("candidate_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("run_ids", postgresql.ARRAY(sa.Uuid(as_uuid=False)), nullable=False),
        sa.Column("gate_set_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence_hash", sa.Text(), nullable=False),
        sa.Column("numbers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("signed_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"verdict in {DECISIONS}", name=op.f("ck_verdicts_verdict")),
        sa.CheckConstraint(f"decision in {DECISIONS}", name=op.f("ck_verdicts_decision")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_verdicts_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["baseline_id"], ["candidates.id"], name=op.f("fk_verdicts_baseline_id")),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidates.id"], name=op.f("fk_verdicts_candidate_id")),
        sa.ForeignKeyConstraint(["gate_set_id"], ["gate_sets.id"], name=op.f("fk_verdicts_gate_set_id")),
        sa.ForeignKeyConstraint(["signed_by"], ["users.id"], name=op.f("fk_verdicts_signed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
    )
    op.create_index("ix_verdicts_project_id_id", "verdicts", ["project_id", "id"])
    op.create_table(
        "comparison_results",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_comparison_results_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_comparison_results")),
    )
    op.create_index(op.f("ix_comparison_results_project_id"), "comparison_results", ["project_id"])
    op.create_table(
        "making_costs",
        sa.Column("candidate_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("training", sa.Numeric(precision=14, scale=6, asdecimal=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_making_costs_candidate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("candidate_id", name=op.f("pk_making_costs")),
    )
    op.execute(COSTS)
    op.execute(GRANTS)


def downgrade() -> None:
    for table in ("making_costs", "comparison_results", "verdicts", "gate_sets"):
        op.drop_table(table)
