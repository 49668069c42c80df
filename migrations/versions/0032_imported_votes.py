"""Votes from elsewhere, and which pairs of a closed round may become training data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLES = ("imported_votes", "imported_pairs", "vote_files")

# Thousands of votes come in one statement: the round is asked for once, and its lock makes a close wait.
CLOSE = """
create function imported_votes_close() returns trigger language plpgsql as $$
declare
  found_round record;
begin
  for found_round in
    select closed_at, source from preference_rounds where id in (select round_id from added) for share
  loop
    if found_round.closed_at is not null then
      raise exception 'the round is closed' using errcode = 'restrict_violation';
    end if;
    if found_round.source <> 'import' then
      raise exception 'the votes of this round are cast here' using errcode = 'restrict_violation';
    end if;
  end loop;
  return null;
end $$;
"""

# Outputs side by side whose prompt no sealed set asks, exactly or nearly: nothing else can become a training pair.
TRAINABLE = """
create view trainable_pairs as
with judged as (
  select p.id as pair_id, p.round_id, p.fingerprint_unit, p.fingerprint_unit as group_unit, p.prompt as messages,
         null::jsonb as tools, p.output_a as text_a, p.output_b as text_b
  from imported_pairs p
  union all
  select p.id, p.round_id, c.fingerprint_unit, c.group_unit, c.messages, c.tools, a.text, b.text
  from pairs p join test_cases c on c.id = p.case_id
  join outputs a on a.id = p.output_a_id join outputs b on b.id = p.output_b_id
)
select j.pair_id, j.round_id, j.messages, j.tools, j.text_a, j.text_b
from judged j join preference_rounds r on r.id = j.round_id
where r.closed_at is not null
  and not exists (select from split_assignments s where s.project_id = r.project_id and s.split = 'test'
                  and s.unit in (j.fingerprint_unit, j.group_unit))
  and not exists (select from near_links l join split_assignments s on s.project_id = l.project_id and s.unit = l.other
                  where l.project_id = r.project_id and l.unit = j.fingerprint_unit and l.separated_at is null
                  and s.split = 'test')
  and not exists (select from near_links l join split_assignments s on s.project_id = l.project_id and s.unit = l.unit
                  where l.project_id = r.project_id and l.other = j.fingerprint_unit and l.separated_at is null
                  and s.split = 'test');
"""

# A reviewer who is erased keeps another name for all of the round's votes, so that agreement stays what it was.
BEFORE = "  else\n    raise exception 'erase_rows does not know %'"
PLACES = """  elsif place = 'imported_pairs' then
    update imported_pairs set prompt = '[{"role": "user", "content": "[erased]"}]', tags = '{}',
      output_a = case when output_a is not null then '[erased]' end,
      output_b = case when output_b is not null then '[erased]' end
    where id = any(keys::uuid[]);
  elsif place = 'imported_votes' then
    update imported_votes set rationale = '', line_hash = decode(replace(gen_random_uuid()::text, '-', ''), 'hex')
    where id = any(keys::bigint[]);
    update imported_votes v set reviewer = 'erased-' || left(md5(erasure::text || e.reviewer), 8)
    from (select distinct round_id, reviewer from imported_votes where id = any(keys::bigint[])) e
    where v.round_id = e.round_id and v.reviewer = e.reviewer;
  elsif place = 'vote_files' then
    update vote_files set name = '[erased]', rejected = '[]' where id = any(keys::uuid[]);
"""
CHANGE_ERASE_ROWS = """
do $do$
begin
  execute replace(pg_get_functiondef('erase_rows(uuid, text, text[])'::regprocedure), {old}, {new});
end $do$;
"""

GRANTS = """
do $$
begin
  if exists (select from pg_roles where rolname = 'holdout_app') then
    revoke update, delete on imported_votes, imported_pairs, vote_files from holdout_app;
    revoke insert, update, delete on trainable_pairs from holdout_app;
  end if;
end $$;
"""


def quoted(text: str) -> str:
    return f"$text${text}$text$"


def upgrade() -> None:
    op.add_column("preference_rounds", sa.Column("source", sa.Text(), server_default="runs", nullable=False))
    op.alter_column("preference_rounds", "test_set_id", nullable=True)
    op.create_check_constraint(op.f("ck_preference_rounds_source"), "preference_rounds", "source in ('runs', 'import')")
    op.create_check_constraint(
        op.f("ck_preference_rounds_test_set"), "preference_rounds", "source = 'import' or test_set_id is not null"
    )
    op.create_table(
        "vote_files",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("rejected_count", sa.Integer(), nullable=False),
        sa.Column("rejected", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_vote_files_created_by")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["preference_rounds.id"], name=op.f("fk_vote_files_round_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote_files")),
    )
    op.create_index(op.f("ix_vote_files_round_id"), "vote_files", ["round_id"], unique=False)
    op.create_table(
        "imported_pairs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("prompt", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("prompt_key", sa.Text(), nullable=False),
        sa.Column("fingerprint_unit", sa.Text(), nullable=False),
        sa.Column("candidate_a", sa.Text(), nullable=False),
        sa.Column("candidate_b", sa.Text(), nullable=False),
        sa.Column("output_a", sa.Text(), nullable=True),
        sa.Column("output_b", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["test_cases.id"], name=op.f("fk_imported_pairs_case_id")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["preference_rounds.id"], name=op.f("fk_imported_pairs_round_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_pairs")),
        sa.UniqueConstraint("id", "round_id", name=op.f("uq_imported_pairs_id_round_id")),
        sa.UniqueConstraint("round_id", "key", name=op.f("uq_imported_pairs_round_id_key")),
    )
    op.create_index(op.f("ix_imported_pairs_case_id"), "imported_pairs", ["case_id"], unique=False)
    op.create_table(
        "imported_votes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("round_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("pair_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("winner", sa.Text(), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("line_hash", sa.LargeBinary(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.CheckConstraint("winner in ('a', 'b', 'tie', 'both_bad')", name=op.f("ck_imported_votes_winner")),
        sa.ForeignKeyConstraint(
            ["pair_id", "round_id"],
            ["imported_pairs.id", "imported_pairs.round_id"],
            name=op.f("fk_imported_votes_pair_id_round_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["preference_rounds.id"], name=op.f("fk_imported_votes_round_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_votes")),
        sa.UniqueConstraint("pair_id", "reviewer", "id", name=op.f("uq_imported_votes_pair_id_reviewer_id")),
        sa.UniqueConstraint(
            "round_id", "line_hash", "occurrence", name=op.f("uq_imported_votes_round_id_line_hash_occurrence")
        ),
    )
    op.execute(CLOSE)
    for table in TABLES:
        op.execute(
            f"create trigger {table}_come_before_the_close after insert on {table} "
            "referencing new table as added for each statement execute function imported_votes_close()"
        )
        op.execute(
            f"create trigger {table}_stay before update or delete on {table} "
            "for each row execute function votes_close()"
        )
    op.execute(TRAINABLE)
    op.execute(CHANGE_ERASE_ROWS.format(old=quoted(BEFORE), new=quoted(PLACES + BEFORE)))
    op.execute(GRANTS)


def downgrade() -> None:
    op.execute(CHANGE_ERASE_ROWS.format(old=quoted(PLACES), new=quoted("")))
    op.execute("drop view trainable_pairs")
    for table in TABLES:
        op.drop_table(table)
    op.execute("drop function imported_votes_close()")
    op.execute("delete from preference_rounds where source = 'import' and closed_at is null")
    op.drop_constraint(op.f("ck_preference_rounds_test_set"), "preference_rounds")
    op.drop_constraint(op.f("ck_preference_rounds_source"), "preference_rounds")
    op.alter_column("preference_rounds", "test_set_id", nullable=False)
    op.drop_column("preference_rounds", "source")
