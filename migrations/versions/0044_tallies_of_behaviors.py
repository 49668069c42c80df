"""How many examples there are of each expected behaviour, without counting them"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# As in 0012, by one more column.
FUNCTIONS = """
create or replace function tally_examples() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into example_tallies (project_id, status, split, behavior, n)
    select project_id, status, split, behavior, count(*) from added where deleted_at is null group by 1, 2, 3, 4;
  elsif tg_op = 'DELETE' then
    insert into example_tallies (project_id, status, split, behavior, n)
    select project_id, status, split, behavior, -count(*) from removed where deleted_at is null group by 1, 2, 3, 4;
  else
    insert into example_tallies (project_id, status, split, behavior, n)
    select project_id, status, split, behavior, sum(n) from (
      select project_id, status, split, behavior, 1 as n from added where deleted_at is null
      union all
      select project_id, status, split, behavior, -1 from removed where deleted_at is null) as changed
    group by 1, 2, 3, 4 having sum(n) <> 0;
  end if;
  if random() < 0.01 then
    perform add_up_example_tallies();
  end if;
  return null;
end $$;

create or replace function add_up_example_tallies() returns void language sql as $$
  with taken as (
    delete from example_tallies where id in (select id from example_tallies for update skip locked)
    returning project_id, status, split, behavior, n)
  insert into example_tallies (project_id, status, split, behavior, n)
  select project_id, status, split, behavior, sum(n) from taken group by 1, 2, 3, 4 having sum(n) <> 0;
$$;
"""

BEFORE = FUNCTIONS.replace(", behavior", "").replace("1, 2, 3, 4", "1, 2, 3")


def upgrade() -> None:
    op.execute("lock table examples in share row exclusive mode")  # nobody adds or takes one meanwhile
    op.add_column("example_tallies", sa.Column("behavior", sa.Text(), nullable=True))
    op.execute(FUNCTIONS)
    op.execute("delete from example_tallies")
    op.execute(
        "insert into example_tallies (project_id, status, split, behavior, n) "
        "select project_id, status, split, behavior, count(*) from examples "
        "where deleted_at is null group by 1, 2, 3, 4"
    )


def downgrade() -> None:
    op.execute("lock table examples in share row exclusive mode")
    op.execute(BEFORE)
    op.drop_column("example_tallies", "behavior")
