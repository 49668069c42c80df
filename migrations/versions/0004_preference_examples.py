"""What imported formats hold beside a conversation: the answer that was not preferred, where a row came from."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
