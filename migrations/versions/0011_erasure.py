"""Erasing what belongs to a person, from sealed and frozen rows too: a tombstone stays, and says why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What is immutable lets one thing through: a tombstone, written by erase_rows() below, which runs as the owner. The
# running role can set the flag, but not be the owner.
BEING_ERASED = """
create function being_erased() returns boolean language sql stable as $$
  select coalesce(current_setting('holdout.erasing', true), '') = 'on' and current_user <> 'holdout_app'
$$;
"""

REFUSE_CHANGE = """
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  {let_through}
  raise exception '% is immutable', tg_table_name using errcode = 'restrict_violation';
end $$;
"""

SEALED_CASES_STAY = """
create or replace function sealed_cases_stay() returns trigger language plpgsql as $$
declare
  sealed timestamptz;
  set_id uuid := case when tg_op = 'INSERT' then new.test_set_id else old.test_set_id end;
begin
  {let_through}
  -- the share lock makes an insert wait for a seal under way, and a seal wait for the insert
  select sealed_at into sealed from test_sets where id = set_id for share;
  if sealed is not null then
    raise exception 'the test set is sealed: its cases cannot change' using errcode = 'restrict_violation';
  end if;
  if tg_op = 'UPDATE' and new.test_set_id <> old.test_set_id then
    raise exception 'a case cannot move to another set' using errcode = 'restrict_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
"""

VOTES_CLOSE = """
create or replace function votes_close() returns trigger language plpgsql as $$
declare
  closed timestamptz;
  id_of_round uuid := case when tg_op = 'INSERT' then new.round_id else old.round_id end;
begin
  {let_through}
  select closed_at into closed from preference_rounds where id = id_of_round for share;
  if closed is not null then
    raise exception 'the round is closed' using errcode = 'restrict_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
"""
LET_THROUGH = "if tg_op = 'UPDATE' and being_erased() then return new; end if;"

# Nothing but tombstones can be written with it, and only for an erasure that is under way and on record.
ERASE_ROWS = """
create function erase_rows(erasure uuid, place text, keys text[]) returns bigint
language plpgsql security definer set search_path = public as $$
declare
  changed bigint;
begin
  if not exists (select from erasures where id = erasure and finished_at is null) then
    raise exception 'there is no such erasure under way' using errcode = 'restrict_violation';
  end if;
  perform set_config('holdout.erasing', 'on', true);
  if place = 'revisions' then
    update revisions set messages =
        '[{"role": "user", "content": "[erased]"}, {"role": "assistant", "content": "[erased]"}]',
      tools = null, expected = null, non_preferred = null, extra = '{}', tags = '{}', reason = '', erasure_id = erasure
    where id = any(keys::uuid[]) and erasure_id is null;
  elsif place = 'test_cases' then
    update test_cases set messages = '[{"role": "user", "content": "[erased]"}]', tools = null,
      expected = jsonb_strip_nulls(jsonb_build_object('text', '[erased]', 'behavior', behavior)),
      tags = '{}', extra = '{}', erasure_id = erasure
    where id = any(keys::uuid[]) and erasure_id is null;
  elsif place = 'votes' then
    update votes set rationale = '' where ballot_id = any(keys::uuid[]);
  elsif place = 'audit_events' then
    update audit_events set detail = jsonb_build_object('erased', erasure) where id = any(keys::bigint[]);
  elsif place = 'dataset_version_exclusions' then
    update dataset_version_exclusions set reason = split_part(reason, ':', 1) where example_id = any(keys::uuid[]);
  else
    raise exception 'erase_rows does not know %', place;
  end if;
  get diagnostics changed = row_count;
  perform set_config('holdout.erasing', '', true);
  return changed;
end $$;
"""

# A group's name may be a person's. The rows that refer to it follow (on update cascade); the old name goes.
RENAME_GROUP = """
create function erase_group(erasure uuid, project uuid, old_unit text, new_unit text) returns void
language plpgsql security definer set search_path = public as $$
begin
  if not exists (select from erasures where id = erasure and finished_at is null) or old_unit not like 'group:%'
     or new_unit not like 'group:erased-%' then
    raise exception 'there is no such erasure under way' using errcode = 'restrict_violation';
  end if;
  perform set_config('holdout.erasing', 'on', true);
  insert into split_assignments (project_id, unit, split)
    select project_id, new_unit, split from split_assignments where project_id = project and unit = old_unit;
  update test_cases set group_unit = new_unit where project_id = project and group_unit = old_unit;
  update revisions set group_unit = new_unit where project_id = project and group_unit = old_unit;
  update examples set group_unit = new_unit where project_id = project and group_unit = old_unit;
  delete from split_assignments where project_id = project and unit = old_unit;
  perform set_config('holdout.erasing', '', true);
end $$;
"""
ITEMS = ("dataset_version_items", "fk_dataset_version_items_revision", "revisions")
COLUMNS = ["project_id", "fingerprint_unit", "group_unit"]


def items_follow(onupdate: str | None) -> None:
    table, name, target = ITEMS
    op.drop_constraint(name, table)
    op.create_foreign_key(name, table, target, ["revision_id", *COLUMNS], ["id", *COLUMNS], onupdate=onupdate)


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("erased", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_erasures_created_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_erasures_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_project_id"), "erasures", ["project_id"])
    for table in ("revisions", "test_cases"):
        op.add_column(table, sa.Column("erasure_id", sa.Uuid(as_uuid=False), nullable=True))
        op.create_index(f"ix_{table}_erasure_id", table, ["erasure_id"], postgresql_where="erasure_id is not null")
    items_follow("CASCADE")
    op.execute(BEING_ERASED)
    for function in (REFUSE_CHANGE, SEALED_CASES_STAY, VOTES_CLOSE):
        op.execute(function.format(let_through=LET_THROUGH))
    op.execute(ERASE_ROWS)
    op.execute(RENAME_GROUP)


def downgrade() -> None:
    for function in (REFUSE_CHANGE, SEALED_CASES_STAY, VOTES_CLOSE):
        op.execute(function.format(let_through=""))
    for signature in ("erase_group(uuid, uuid, text, text)", "erase_rows(uuid, text, text[])", "being_erased()"):
        op.execute(f"drop function {signature}")
    items_follow(None)
    for table in ("revisions", "test_cases"):
        op.drop_index(f"ix_{table}_erasure_id", table)
        op.drop_column(table, "erasure_id")
    op.drop_table("erasures")
