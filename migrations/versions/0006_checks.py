"""Scans, findings and decisions of the checks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# who decided what, when and why is never rewritten
DECISIONS_ONLY_GROW = """
do $$
begin
  if exists (select from pg_roles where rolname = 'holdout_app') then
    revoke update, delete on finding_decisions from holdout_app;
  end if;
end $$;
"""


def upgrade() -> None:
    op.create_table(
        "scans",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("typical", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_scans_created_by")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_scans_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scans")),
    )
    op.create_index("ix_scans_project_id_id", "scans", ["project_id", "id"], unique=False)
    op.create_index(
        "uq_scans_open",
        "scans",
        ["project_id"],
        unique=True,
        postgresql_where="status in ('queued', 'running')",
    )
    op.create_table(
        "findings",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("example_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_index", sa.Integer(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("stop", sa.Integer(), nullable=True),
        sa.Column("replacement", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=True),
        sa.Column("other_example_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state in ('open', 'resolved', 'accepted')", name=op.f("ck_findings_state")),
        sa.ForeignKeyConstraint(
            ["example_id"], ["examples.id"], name=op.f("fk_findings_example_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_example_id"], ["examples.id"], name=op.f("fk_findings_other_example_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_findings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint("example_id", "kind", "key", name=op.f("uq_findings_example_id_kind_key")),
    )
    op.create_index(op.f("ix_findings_other_example_id"), "findings", ["other_example_id"], unique=False)
    op.create_index(
        "ix_findings_project_id_state_kind_id", "findings", ["project_id", "state", "kind", "id"], unique=False
    )
    op.create_index(
        "ix_findings_project_id_cluster",
        "findings",
        ["project_id", "cluster"],
        unique=False,
        postgresql_where="cluster is not null",
    )
    op.create_index(
        "ix_findings_until",
        "findings",
        ["until"],
        unique=False,
        postgresql_where="state = 'accepted' and until is not null",
    )
    op.create_table(
        "scan_marks",
        sa.Column("example_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("detectors", sa.Text(), nullable=False),
        sa.Column("pooled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["example_id"], ["examples.id"], name=op.f("fk_scan_marks_example_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_scan_marks_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("example_id", name=op.f("pk_scan_marks")),
    )
    op.create_index(op.f("ix_scan_marks_project_id"), "scan_marks", ["project_id"], unique=False)
    op.create_index(
        "ix_scan_marks_unpooled",
        "scan_marks",
        ["project_id", "example_id"],
        unique=False,
        postgresql_where="not pooled",
    )
    op.create_table(
        "finding_decisions",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("finding_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name=op.f("fk_finding_decisions_finding_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_finding_decisions_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_finding_decisions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_decisions")),
    )
    op.create_index(op.f("ix_finding_decisions_finding_id"), "finding_decisions", ["finding_id"], unique=False)
    op.create_table(
        "finding_changes",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_finding_changes_created_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_finding_changes_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_changes")),
    )
    op.create_index(op.f("ix_finding_changes_project_id"), "finding_changes", ["project_id"], unique=False)
    op.execute(DECISIONS_ONLY_GROW)
    op.add_column("examples", sa.Column("blocked", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("examples", sa.Column("allowed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("examples", sa.Column("findings", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.create_index(
        "ix_examples_findings",
        "examples",
        ["findings"],
        unique=False,
        postgresql_using="gin",
        postgresql_where="findings <> '{}'",
    )


def downgrade() -> None:
    for column in ("findings", "blocked", "allowed_until"):
        op.drop_column("examples", column)
    for table in ("finding_changes", "finding_decisions", "scan_marks", "findings", "scans"):
        op.drop_table(table)
