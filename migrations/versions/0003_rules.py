"""What the database itself refuses: changes to sealed and frozen things, votes after the close, a rewritten audit."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FUNCTIONS = """
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is immutable', tg_table_name using errcode = 'restrict_violation';
end $$;

create function split_only_to_test() returns trigger language plpgsql as $$
begin
  if old.project_id <> new.project_id or old.unit <> new.unit or old.split = 'test' then
    raise exception 'a unit on the test side stays there' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create function sealed_set_stays() returns trigger language plpgsql as $$
begin
  if old.sealed_at is not null then
    raise exception 'test set % is sealed', old.name using errcode = 'restrict_violation';
  end if;
  if tg_op = 'DELETE' then return old; end if;
  if new.sealed_at is not null and (
      exists (select from test_cases where test_set_id = new.id and split is null)
      or new.size <> (select count(*) from test_cases where test_set_id = new.id)) then
    raise exception 'test set % has cases outside the test side', new.name using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create function sealed_cases_stay() returns trigger language plpgsql as $$
declare
  sealed timestamptz;
  set_id uuid := case when tg_op = 'INSERT' then new.test_set_id else old.test_set_id end;
begin
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

create function items_only_at_freeze() returns trigger language plpgsql as $$
begin
  if exists (select from added a join dataset_versions v on v.id = a.dataset_version_id
             where v.xmin::text <> pg_current_xact_id()::xid::text) then
    raise exception 'the dataset version is frozen' using errcode = 'restrict_violation';
  end if;
  return null;
end $$;

create function candidate_is_immutable() returns trigger language plpgsql as $$
begin
  if (to_jsonb(old) - 'archived_at') <> (to_jsonb(new) - 'archived_at') then
    raise exception 'a candidate is immutable: clone it' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create function votes_close() returns trigger language plpgsql as $$
declare
  closed timestamptz;
  id_of_round uuid := case when tg_op = 'INSERT' then new.round_id else old.round_id end;
begin
  select closed_at into closed from preference_rounds where id = id_of_round for share;
  if closed is not null then
    raise exception 'the round is closed' using errcode = 'restrict_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;

create function round_closes_once() returns trigger language plpgsql as $$
begin
  if old.closed_at is not null then
    raise exception 'the round is closed for good' using errcode = 'restrict_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
"""

TRIGGERS = """
create trigger split_only_to_test before update on split_assignments
  for each row execute function split_only_to_test();
create trigger sealed_set_stays before update or delete on test_sets
  for each row execute function sealed_set_stays();
create trigger sealed_cases_stay before insert or update or delete on test_cases
  for each row execute function sealed_cases_stay();
create trigger version_is_frozen before update or delete on dataset_versions
  for each row execute function refuse_change();
create trigger items_are_frozen before update or delete on dataset_version_items
  for each row execute function refuse_change();
create trigger items_only_at_freeze after insert on dataset_version_items
  referencing new table as added for each statement execute function items_only_at_freeze();
create trigger exclusions_only_at_freeze after insert on dataset_version_exclusions
  referencing new table as added for each statement execute function items_only_at_freeze();
create trigger revision_is_immutable before update on revisions
  for each row execute function refuse_change();
create trigger candidate_is_immutable before update on candidates
  for each row execute function candidate_is_immutable();
create trigger votes_close before insert or update or delete on votes
  for each row execute function votes_close();
create trigger round_closes_once before update or delete on preference_rounds
  for each row execute function round_closes_once();
create trigger audit_only_grows before update or delete on audit_events
  for each row execute function refuse_change();
create trigger audit_is_not_emptied before truncate on audit_events
  for each statement execute function refuse_change();
"""

# The running role; on a server where it cannot be made, the triggers and keys above still hold.
ROLE = """
do $$
begin
  if not exists (select from pg_roles where rolname = 'holdout_app') then
    create role holdout_app nologin;
  end if;
  if not pg_has_role(current_user, 'holdout_app', 'member') then
    execute format('grant holdout_app to %I', current_user);
  end if;
exception when insufficient_privilege or duplicate_object or unique_violation then
  raise notice 'role holdout_app could not be made: the app will run as %', current_user;
end $$;
"""

GRANTS = """
do $$
declare
  item record;
begin
  if not exists (select from pg_roles where rolname = 'holdout_app') then return; end if;
  grant usage on schema public to holdout_app;
  grant select, insert, update, delete on all tables in schema public to holdout_app;
  grant usage, select on all sequences in schema public to holdout_app;
  grant execute on all functions in schema public to holdout_app;
  alter default privileges in schema public grant select, insert, update, delete on tables to holdout_app;
  alter default privileges in schema public grant usage, select on sequences to holdout_app;
  revoke update, delete on audit_events, dataset_versions, dataset_version_items, dataset_version_exclusions,
    revisions, ballot_pairs, pairs, test_set_access from holdout_app;
  revoke delete on split_assignments, projects, users from holdout_app;
  revoke insert, update, delete on alembic_version from holdout_app;
end $$;
"""


def upgrade() -> None:
    for sql in (FUNCTIONS, TRIGGERS, ROLE, GRANTS):
        op.execute(sql)


def downgrade() -> None:
    raise NotImplementedError("These rules are what the sealed sets rest on: restore a backup instead.")
