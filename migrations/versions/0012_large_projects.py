"""Large projects: how many examples there are without counting them, and filters that stay quick at a million."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Each statement appends what it changed, so that nobody waits for a counter that somebody else has changed; now and
# then one of them adds the rows up. Rows that another transaction holds are left for the next time.
FUNCTIONS = """
create function tally_examples() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into example_tallies (project_id, status, split, n)
    select project_id, status, split, count(*) from added where deleted_at is null group by 1, 2, 3;
  elsif tg_op = 'DELETE' then
    insert into example_tallies (project_id, status, split, n)
    select project_id, status, split, -count(*) from removed where deleted_at is null group by 1, 2, 3;
  else
    insert into example_tallies (project_id, status, split, n)
    select project_id, status, split, sum(n) from (
      select project_id, status, split, 1 as n from added where deleted_at is null
      union all
      select project_id, status, split, -1 from removed where deleted_at is null) as changed
    group by 1, 2, 3 having sum(n) <> 0;
  end if;
  if random() < 0.01 then
    perform add_up_example_tallies();
  end if;
  return null;
end $$;

create function add_up_example_tallies() returns void language sql as $$
  with taken as (
    delete from example_tallies where id in (select id from example_tallies for update skip locked)
    returning project_id, status, split, n)
  insert into example_tallies (project_id, status, split, n)
  select project_id, status, split, sum(n) from taken group by 1, 2, 3 having sum(n) <> 0;
$$;
"""

TRIGGERS = """
create trigger tally_added after insert on examples referencing new table as added
  for each statement execute function tally_examples();
create trigger tally_changed after update on examples referencing old table as removed new table as added
  for each statement execute function tally_examples();
create trigger tally_removed after delete on examples referencing old table as removed
  for each statement execute function tally_examples();
"""


def upgrade() -> None:
    op.create_table(
        "example_tallies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_example_tallies")),
    )
    op.create_index(op.f("ix_example_tallies_project_id"), "example_tallies", ["project_id"])
    op.create_index(
        "ix_examples_project_id_behavior_id",
        "examples",
        ["project_id", "behavior", "id"],
        postgresql_where="deleted_at is null and behavior is not null",
    )
    op.create_index(
        "ix_examples_held_out",
        "examples",
        ["project_id", "id"],
        postgresql_where="deleted_at is null and split = 'test'",
    )
    op.execute(FUNCTIONS)
    op.execute(
        "insert into example_tallies (project_id, status, split, n) "
        "select project_id, status, split, count(*) from examples where deleted_at is null group by 1, 2, 3"
    )
    op.execute(TRIGGERS)


def downgrade() -> None:
    for trigger in ("tally_added", "tally_changed", "tally_removed"):
        op.execute(f"drop trigger {trigger} on examples")
    op.execute("drop function tally_examples()")
    op.execute("drop function add_up_example_tallies()")
    op.drop_index("ix_examples_held_out", "examples")
    op.drop_index("ix_examples_project_id_behavior_id", "examples")
    op.drop_table("example_tallies")
