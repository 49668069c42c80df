"""Less to do for each imported row: groups are indexed where there are any, a revision's project is its example's."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FOLLOW = """
create or replace function examples_follow() returns trigger language plpgsql as $$
begin
  update examples e set split = 'test' from moved m
  where m.split = 'test' and e.project_id = m.project_id and e.fingerprint_unit = m.unit and e.split = 'train';
  update examples e set split = 'test' from moved m
  where m.split = 'test' and e.project_id = m.project_id and e.group_unit = m.unit
    and e.group_unit <> e.fingerprint_unit and e.split = 'train';
  return null;
end $$;
"""


def upgrade() -> None:
    _index_groups("group_unit <> fingerprint_unit")
    op.drop_constraint("fk_revisions_project_id", "revisions", type_="foreignkey")
    op.execute(FOLLOW)


def _index_groups(where: str | None) -> None:
    op.drop_index("ix_examples_group_unit_project_id", "examples")
    op.create_index(
        "ix_examples_group_unit_project_id", "examples", ["group_unit", "project_id"], postgresql_where=where
    )


def downgrade() -> None:
    op.create_foreign_key(
        "fk_revisions_project_id", "revisions", "projects", ["project_id"], ["id"], ondelete="CASCADE"
    )
    _index_groups(None)
