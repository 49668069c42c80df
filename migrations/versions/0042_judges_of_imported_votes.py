"""Judges beside people for imported votes; seats of guests that have no link yet"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("round_invitations", "token_hash", nullable=True)
    op.alter_column("round_judgements", "pair_id", nullable=True)
    op.add_column("round_judgements", sa.Column("imported_pair_id", sa.Uuid(as_uuid=False), nullable=True))
    op.create_foreign_key(
        op.f("fk_round_judgements_imported_pair_id"),
        "round_judgements",
        "imported_pairs",
        ["imported_pair_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_check_constraint(
        op.f("ck_round_judgements_one_pair"), "round_judgements", "num_nonnulls(pair_id, imported_pair_id) = 1"
    )
    op.create_unique_constraint(
        op.f("uq_round_judgements_judge_id_imported_pair_id_turn"),
        "round_judgements",
        ["judge_id", "imported_pair_id", "turn"],
    )
    op.create_index("ix_round_judgements_imported_pair_id", "round_judgements", ["imported_pair_id"])


def downgrade() -> None:
    op.execute("update round_invitations set token_hash = sha256(id::text::bytea) where token_hash is null")
    op.alter_column("round_invitations", "token_hash", nullable=False)
    op.execute("delete from round_judges where round_id in (select id from preference_rounds where source = 'import')")
    op.drop_column("round_judgements", "imported_pair_id")
    op.alter_column("round_judgements", "pair_id", nullable=False)
