"""Several annotators for an example, and settling what they disagree about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Opinions that wait for others are about a content: when that changes, they count no more. Tags alone change nothing.
OUTDATED = """
create function opinions_end_with_content() returns trigger language plpgsql as $$
begin
  update annotations a set slot = null where a.example_id = new.example_id and a.slot is not null
    and exists (select from revisions r where r.example_id = new.example_id and r.number = new.number - 1
                and r.content_hash <> new.content_hash);
  return null;
end $$;
create trigger opinions_end_with_content after insert on revisions
  for each row when (new.number > 1) execute function opinions_end_with_content();
"""
OPEN = sa.text("select exists(select from annotations where slot is not null or settles or proposal <> '{}')")


def upgrade() -> None:
    op.add_column("projects", sa.Column("overlap", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("projects", sa.Column("expert_hourly_rate", sa.Double(), nullable=True))
    op.create_check_constraint(op.f("ck_projects_overlap"), "projects", "overlap between 1 and 10")
    op.add_column("members", sa.Column("may_settle", sa.Boolean(), server_default="false", nullable=False))
    _places()
    _annotations()
    op.add_column("skips", sa.Column("seconds", sa.Double(), server_default="0", nullable=False))
    op.create_table(
        "annotation_drafts",
        sa.Column("example_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["example_id"], ["examples.id"], name=op.f("fk_annotation_drafts_example_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_annotation_drafts_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_annotation_drafts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("example_id", "user_id", name=op.f("pk_annotation_drafts")),
    )
    op.create_index("ix_annotation_drafts_project_id_user_id", "annotation_drafts", ["project_id", "user_id"])
    op.execute(OUTDATED)


def _places() -> None:
    op.add_column("reservations", sa.Column("slot", sa.SmallInteger(), server_default="1", nullable=False))
    op.drop_constraint("uq_reservations_example_id", "reservations", type_="unique")
    op.create_unique_constraint("uq_reservations_example_id_slot", "reservations", ["example_id", "slot"])
    op.create_unique_constraint("uq_reservations_example_id_user_id", "reservations", ["example_id", "user_id"])
    op.create_check_constraint(op.f("ck_reservations_slot"), "reservations", "slot >= 0")


def _annotations() -> None:
    op.add_column("annotations", sa.Column("behavior", sa.Text(), nullable=True))
    op.add_column("annotations", sa.Column("slot", sa.SmallInteger(), nullable=True))
    for name in ("blind", "settles"):
        op.add_column("annotations", sa.Column(name, sa.Boolean(), server_default="false", nullable=False))
    op.add_column("annotations", sa.Column("proposal", postgresql.JSONB(), server_default="{}", nullable=False))
    op.drop_constraint("uq_annotations_example_id_revision_annotator_id", "annotations", type_="unique")
    keys = ["example_id", "revision", "annotator_id", "settles"]
    op.create_unique_constraint("uq_annotations_example_id_revision_annotator_id_settles", "annotations", keys)
    op.create_unique_constraint("uq_annotations_example_id_slot", "annotations", ["example_id", "slot"])
    waits = "slot is null or (slot > 0 and blind and not settles)"
    op.create_check_constraint(op.f("ck_annotations_slot"), "annotations", waits)
    blind, waiting = sa.text("blind"), sa.text("slot is not null")
    op.create_index(
        "ix_annotations_blind", "annotations", ["project_id", "example_id", "revision"], postgresql_where=blind
    )
    op.create_index("ix_annotations_open", "annotations", ["project_id", "example_id"], postgresql_where=waiting)
    op.create_index(
        "uq_annotations_example_id_annotator_id_open",
        "annotations",
        ["example_id", "annotator_id"],
        unique=True,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    if op.get_bind().scalar(OPEN):
        raise RuntimeError("Annotations wait for others or were settled: going back would lose them. Nothing was done.")
    op.execute("drop trigger opinions_end_with_content on revisions; drop function opinions_end_with_content()")
    op.drop_table("annotation_drafts")
    op.drop_column("skips", "seconds")
    for name in ("uq_annotations_example_id_annotator_id_open", "ix_annotations_open", "ix_annotations_blind"):
        op.drop_index(name, "annotations")
    op.drop_constraint("ck_annotations_slot", "annotations", type_="check")
    op.drop_constraint("uq_annotations_example_id_slot", "annotations", type_="unique")
    op.drop_constraint("uq_annotations_example_id_revision_annotator_id_settles", "annotations", type_="unique")
    for name in ("proposal", "settles", "blind", "slot", "behavior"):
        op.drop_column("annotations", name)
    keys = ["example_id", "revision", "annotator_id"]
    op.create_unique_constraint("uq_annotations_example_id_revision_annotator_id", "annotations", keys)
    op.execute("delete from reservations where slot <> 1")
    op.drop_constraint("ck_reservations_slot", "reservations", type_="check")
    op.drop_constraint("uq_reservations_example_id_user_id", "reservations", type_="unique")
    op.drop_constraint("uq_reservations_example_id_slot", "reservations", type_="unique")
    op.create_unique_constraint("uq_reservations_example_id", "reservations", ["example_id"])
    op.drop_column("reservations", "slot")
    op.drop_column("members", "may_settle")
    op.drop_constraint("ck_projects_overlap", "projects", type_="check")
    op.drop_column("projects", "expert_hourly_rate")
    op.drop_column("projects", "overlap")
