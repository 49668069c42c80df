"""What the doctor says of a fine-tune."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLE = "doctor_examinations"
OPEN = "status in ('queued', 'running')"


def _json(name: str, *, nullable: bool) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("fine_tune_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        _json("basis", nullable=False),
        sa.Column("basis_hash", sa.Text(), nullable=True),
        _json("findings", nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'succeeded', 'failed')", name=op.f("ck_doctor_examinations_status")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_doctor_examinations_created_by")),
        sa.ForeignKeyConstraint(
            ["fine_tune_id"], ["fine_tunes.id"], name=op.f("fk_doctor_examinations_fine_tune_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_doctor_examinations_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_examinations")),
    )
    op.create_index("ix_doctor_examinations_fine_tune_id_id", TABLE, ["fine_tune_id", "id"], unique=False)
    op.create_index(op.f("ix_doctor_examinations_project_id"), TABLE, ["project_id"], unique=False)
    op.create_index("uq_doctor_examinations_open", TABLE, ["fine_tune_id"], unique=True, postgresql_where=sa.text(OPEN))


def downgrade() -> None:
    op.drop_table(TABLE)
