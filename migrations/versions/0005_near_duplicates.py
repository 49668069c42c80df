"""Near-duplicate clusters: signatures and links, and what the database refuses because of them.

A cluster's units stand on one side because each refers to (project, cluster, side); moving the cluster moves them, and
moving one of them moves the cluster. Beside that, a prompt that is near to a sealed case can be no item of a version,
whatever cluster it is in.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FUNCTIONS = """
create or replace function split_only_to_test() returns trigger language plpgsql as $$
begin
  if old.project_id <> new.project_id or old.unit <> new.unit or (old.split = 'test' and (
      new.split <> 'test' or (old.cluster is not null and new.cluster is distinct from old.cluster))) then
    raise exception 'a unit on the test side stays there, with its cluster' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create function cluster_only_to_test() returns trigger language plpgsql as $$
begin
  if old.project_id <> new.project_id or old.first_unit <> new.first_unit or new.split <> 'test' then
    raise exception 'a cluster goes to the test side, and stays there' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create function cluster_goes_whole() returns trigger language plpgsql as $$
begin
  update unit_clusters set split = 'test'
  where project_id = new.project_id and first_unit = new.cluster and split = 'train';
  return null;
end $$;

create function examples_follow() returns trigger language plpgsql as $$
begin
  update examples e set split = 'test' from moved m
  where m.split = 'test' and e.project_id = m.project_id and e.fingerprint_unit = m.unit and e.split = 'train';
  update examples e set split = 'test' from moved m
  where m.split = 'test' and e.project_id = m.project_id and e.group_unit = m.unit and e.split = 'train';
  return null;
end $$;

create view near_sealed_cases as
  select l.project_id, l.other as unit from near_links l
  join test_cases c on c.project_id = l.project_id and c.fingerprint_unit = l.unit and c.split = 'test'
  where l.separated_at is null
  union all
  select l.project_id, l.unit from near_links l
  join test_cases c on c.project_id = l.project_id and c.fingerprint_unit = l.other and c.split = 'test'
  where l.separated_at is null;

create function take_turns(project uuid) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended('splits:' || project::text, 0))
$$;

create function items_not_near_cases() returns trigger language plpgsql as $$
begin
  perform take_turns(p.project_id) from (select distinct project_id from added) p;
  if exists (select from added a join near_sealed_cases n
             on n.project_id = a.project_id and n.unit = a.fingerprint_unit) then
    raise exception 'an item is a near-duplicate of a sealed test case' using errcode = 'restrict_violation';
  end if;
  return null;
end $$;

create function near_to_a_case_is_held_out() returns trigger language plpgsql as $$
begin
  update split_assignments s set split = 'test', cluster = null
  from (
    select l.project_id, l.other as unit from added l
    join test_cases c on c.project_id = l.project_id and c.fingerprint_unit = l.unit and c.split = 'test'
    where l.separated_at is null
    union
    select l.project_id, l.unit from added l
    join test_cases c on c.project_id = l.project_id and c.fingerprint_unit = l.other and c.split = 'test'
    where l.separated_at is null
  ) as near
  where s.project_id = near.project_id and s.unit = near.unit and s.split = 'train'
    and not exists (select from dataset_version_items i
                    where i.project_id = s.project_id and i.fingerprint_unit = s.unit);
  return null;
end $$;

create function links_of_held_out_stay() returns trigger language plpgsql as $$
begin
  if (to_jsonb(old) - '{separated_at,separated_by}'::text[]) <> (to_jsonb(new) - '{separated_at,separated_by}'::text[])
  then
    raise exception 'a link is not rewritten' using errcode = 'restrict_violation';
  end if;
  perform from split_assignments where project_id = old.project_id and unit in (old.unit, old.other) for share;
  if exists (select from split_assignments
             where project_id = old.project_id and unit in (old.unit, old.other) and split = 'test') then
    raise exception 'one of the two is held out for testing' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create function signatures_only_renewed() returns trigger language plpgsql as $$
begin
  if old.project_id <> new.project_id or old.unit <> new.unit or new.version <= old.version then
    raise exception 'a signature is replaced by one of a later version only' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create function sealed_cases_are_scanned() returns trigger language plpgsql as $$
begin
  perform take_turns(new.project_id);
  if exists (select from test_cases c where c.test_set_id = new.id and not exists (
      select from scanned_units s where s.project_id = c.project_id and s.unit = c.fingerprint_unit)) then
    raise exception 'test set % has cases that were not compared with the examples', new.name
      using errcode = 'restrict_violation';
  end if;
  if exists (
      select from test_cases c join near_links l on l.project_id = c.project_id and l.separated_at is null
        and c.fingerprint_unit in (l.unit, l.other)
      join dataset_version_items i on i.project_id = c.project_id and i.fingerprint_unit in (l.unit, l.other)
      where c.test_set_id = new.id) then
    raise exception 'test set % has a near-duplicate of what stands in a dataset version', new.name
      using errcode = 'restrict_violation';
  end if;
  return null;
end $$;
"""

# "A_…" sorts before the keys' own triggers: the cluster has moved when its unit's key is looked at.
TRIGGERS = """
create trigger cluster_only_to_test before update on unit_clusters
  for each row execute function cluster_only_to_test();
create trigger "A_cluster_goes_whole" after update on split_assignments
  for each row when (new.split = 'test' and new.cluster is not null) execute function cluster_goes_whole();
create trigger examples_follow after update on split_assignments
  referencing new table as moved for each statement execute function examples_follow();
create trigger items_not_near_cases after insert on dataset_version_items
  referencing new table as added for each statement execute function items_not_near_cases();
create trigger near_to_a_case_is_held_out after insert on near_links
  referencing new table as added for each statement execute function near_to_a_case_is_held_out();
create trigger links_of_held_out_stay before update on near_links
  for each row execute function links_of_held_out_stay();
create trigger signatures_only_renewed before update on scanned_units
  for each row execute function signatures_only_renewed();
create trigger sealed_cases_are_scanned after update on test_sets
  for each row when (old.sealed_at is null and new.sealed_at is not null)
  execute function sealed_cases_are_scanned();
"""

GRANTS = """
do $$
begin
  if not exists (select from pg_roles where rolname = 'holdout_app') then return; end if;
  revoke delete on unit_clusters, scanned_units from holdout_app;
  revoke update, delete on near_links from holdout_app;
  grant update (separated_at, separated_by) on near_links to holdout_app;
end $$;
"""

# Versions that were frozen before there was a scan keep their items: the key is asked of new ones.
ITEMS_ARE_SCANNED = """
alter table dataset_version_items add constraint fk_dataset_version_items_scanned
  foreign key (project_id, fingerprint_unit) references scanned_units (project_id, unit) not valid
"""


def upgrade() -> None:
    _tables()
    op.execute(ITEMS_ARE_SCANNED)
    for sql in (FUNCTIONS, TRIGGERS, GRANTS):
        op.execute(sql)


def _tables() -> None:
    op.create_table(
        "unit_clusters",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("first_unit", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.CheckConstraint("split in ('train', 'test')", name=op.f("ck_unit_clusters_split")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_unit_clusters_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "first_unit", name=op.f("pk_unit_clusters")),
        sa.UniqueConstraint(
            "project_id", "first_unit", "split", name=op.f("uq_unit_clusters_project_id_first_unit_split")
        ),
    )
    op.add_column("split_assignments", sa.Column("cluster", sa.Text(), nullable=True))
    op.create_index(
        "ix_split_assignments_project_id_cluster",
        "split_assignments",
        ["project_id", "cluster"],
        postgresql_where="cluster is not null",
    )
    op.create_foreign_key(
        "fk_split_assignments_cluster",
        "split_assignments",
        "unit_clusters",
        ["project_id", "cluster", "split"],
        ["project_id", "first_unit", "split"],
        onupdate="CASCADE",
    )
    op.create_table(
        "scanned_units",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("permutations", sa.SmallInteger(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("bands", sa.LargeBinary(), nullable=False),
        sa.Column("revision_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "unit"],
            ["split_assignments.project_id", "split_assignments.unit"],
            name="fk_scanned_units_split_assignments",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_scanned_units_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "unit", name=op.f("pk_scanned_units")),
        sa.UniqueConstraint("number", name=op.f("uq_scanned_units_number")),
    )
    op.create_table(
        "near_links",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("similarity", sa.Double(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("separated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("separated_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.CheckConstraint("unit < other", name=op.f("ck_near_links_order")),
        sa.ForeignKeyConstraint(
            ["project_id", "other"], ["scanned_units.project_id", "scanned_units.unit"], name="fk_near_links_other"
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "unit"], ["scanned_units.project_id", "scanned_units.unit"], name="fk_near_links_unit"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_near_links_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["separated_by"], ["users.id"], name=op.f("fk_near_links_separated_by")),
        sa.PrimaryKeyConstraint("project_id", "unit", "other", name=op.f("pk_near_links")),
    )
    op.create_index("ix_near_links_project_id_other", "near_links", ["project_id", "other"])
    for table, column in (
        ("dataset_version_items", "fingerprint_unit"),
        ("dataset_version_items", "group_unit"),
        ("test_cases", "group_unit"),
    ):
        op.create_index(f"ix_{table}_project_id_{column}", table, ["project_id", column])


def downgrade() -> None:
    raise NotImplementedError("What is held out as a near-duplicate would be forgotten: restore a backup instead.")
