"""Rounds: criteria, guideline, slice, order, outputs that name their model; judges beside people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None

ADDED = {
    "ballots": ("urgency",),
    "pairs": ("named", "apart"),
    "preference_rounds": (
        "criteria_list", "guideline", "slice", "order", "max_votes", "self_naming", "ordered_at",
    ),
    "votes": ("criteria",),
}  # fmt: skip


def upgrade() -> None:
    texts, json = postgresql.ARRAY(sa.Text()), postgresql.JSONB(astext_type=sa.Text())
    op.add_column("ballots", sa.Column("urgency", sa.Double(), server_default="0", nullable=False))
    op.add_column("pairs", sa.Column("named", texts, server_default="{}", nullable=False))
    op.add_column("pairs", sa.Column("apart", sa.Boolean(), server_default="false", nullable=False))
    for column in (
        sa.Column("criteria_list", texts, server_default="{}", nullable=False),
        sa.Column("guideline", sa.Text(), server_default="", nullable=False),
        sa.Column("slice", json, server_default="{}", nullable=False),
        sa.Column("order", sa.Text(), server_default="even", nullable=False),
        sa.Column("max_votes", sa.Integer(), nullable=True),
        sa.Column("self_naming", sa.Text(), server_default="apart", nullable=False),
        sa.Column("ordered_at", sa.Integer(), server_default="0", nullable=False),
    ):
        op.add_column("preference_rounds", column)
    op.create_check_constraint(
        op.f("ck_preference_rounds_order"), "preference_rounds", "\"order\" in ('even', 'adaptive')"
    )
    op.create_check_constraint(
        op.f("ck_preference_rounds_self_naming"), "preference_rounds", "self_naming in ('apart', 'mask', 'keep')"
    )
    op.add_column("votes", sa.Column("criteria", json, server_default="{}", nullable=False))
    _judges(json)
    _judgements()


def _judges(json: sa.types.TypeEngine[object]) -> None:
    op.create_table(
        "round_judges",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("grader", json, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("budget", sa.Double(), nullable=True),
        sa.Column("estimate", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("cost", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')",
            name=op.f("ck_round_judges_status"),
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_round_judges_created_by")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["preference_rounds.id"], name=op.f("fk_round_judges_round_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_judges")),
    )
    op.create_index(op.f("ix_round_judges_round_id"), "round_judges", ["round_id"], unique=False)


def _judgements() -> None:
    op.create_table(
        "round_judgements",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("judge_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("pair_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("turn", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("model_returned", sa.Text(), nullable=True),
        sa.Column("cost", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status in ('given', 'unreadable', 'truncated', 'failed')", name=op.f("ck_round_judgements_status")
        ),
        sa.CheckConstraint("turn in ('ab', 'ba')", name=op.f("ck_round_judgements_turn")),
        sa.ForeignKeyConstraint(
            ["judge_id"], ["round_judges.id"], name=op.f("fk_round_judgements_judge_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pair_id"], ["pairs.id"], name=op.f("fk_round_judgements_pair_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_judgements")),
        sa.UniqueConstraint("judge_id", "pair_id", "turn", name=op.f("uq_round_judgements_judge_id_pair_id_turn")),
    )
    op.create_index("ix_round_judgements_pair_id", "round_judgements", ["pair_id"], unique=False)


def downgrade() -> None:
    op.drop_table("round_judgements")
    op.drop_table("round_judges")
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)
