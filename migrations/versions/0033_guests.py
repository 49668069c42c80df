"""Guests of preference rounds: links for experts without an account."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "round_invitations",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.ForeignKeyConstraint(
            ["round_id"], ["preference_rounds.id"], name=op.f("fk_round_invitations_round_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_round_invitations_user_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_round_invitations_created_by")),
        sa.ForeignKeyConstraint(["revoked_by"], ["users.id"], name=op.f("fk_round_invitations_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_invitations")),
        sa.UniqueConstraint("user_id", name=op.f("uq_round_invitations_user_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_round_invitations_token_hash")),
    )
    op.create_index(op.f("ix_round_invitations_round_id"), "round_invitations", ["round_id"], unique=False)


def downgrade() -> None:
    op.drop_table("round_invitations")
