"""Links to verdicts; when a person last looked at a project and at a verdict."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ID, TIME = sa.Uuid(as_uuid=False), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "verdict_links",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("query", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("revoked_by", ID, nullable=True),
        sa.Column("opened", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_opened_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_verdict_links_created_by"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by"], ["users.id"], name=op.f("fk_verdict_links_revoked_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_verdict_links_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_verdict_links_token_hash")),
    )
    op.create_index("ix_verdict_links_project_id_id", "verdict_links", ["project_id", "id"])
    op.create_table(
        "project_visits",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_visits_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_project_visits_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "project_id", name=op.f("pk_project_visits")),
    )
    op.create_table(
        "verdict_views",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("candidate_id", ID, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("noticed_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["candidates.id"], name=op.f("fk_verdict_views_baseline_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_verdict_views_candidate_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_verdict_views_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "baseline_id", "candidate_id", name=op.f("pk_verdict_views")),
    )


def downgrade() -> None:
    for table in ("verdict_views", "project_visits", "verdict_links"):
        op.drop_table(table)
