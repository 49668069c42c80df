"""Knowledge: collections of dated documents cut into passages, states that candidates are pinned to, and what was
retrieved for a case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

# What candidates are measured with never changes: a passage not at all, of a version only whether it is still offered.
IMMUTABLE = """
create function version_stays() returns trigger language plpgsql as $$
begin
  if (to_jsonb(old) - 'removed_at' - 'upload_id') <> (to_jsonb(new) - 'removed_at' - 'upload_id') then
    raise exception 'a version of a document is immutable' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger version_stays before update on knowledge_versions for each row execute function version_stays();
create trigger passage_is_immutable before update on knowledge_passages
  for each row execute function refuse_change();
"""

ERASE_PASSAGES = """  elsif place = 'knowledge_passages' then
    update knowledge_passages set text = '[erased]', heading = '', search = '' where id = any(keys::uuid[]);
"""
ERASE_ROWS = """
create or replace function erase_rows(erasure uuid, place text, keys text[]) returns bigint
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
{more}  else
    raise exception 'erase_rows does not know %', place;
  end if;
  get diagnostics changed = row_count;
  perform set_config('holdout.erasing', '', true);
  return changed;
end $$;
"""


def upgrade() -> None:
    op.create_table(
        "knowledge_collections",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_knowledge_collections_created_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_knowledge_collections_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_collections")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_knowledge_collections_project_id_name")),
    )
    op.create_table(
        "knowledge_documents",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("collection_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["knowledge_collections.id"],
            name=op.f("fk_knowledge_documents_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_documents")),
        sa.UniqueConstraint("collection_id", "name", name=op.f("uq_knowledge_documents_collection_id_name")),
    )
    op.create_table(
        "knowledge_snapshots",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("collection_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["knowledge_collections.id"],
            name=op.f("fk_knowledge_snapshots_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_snapshots")),
        sa.UniqueConstraint(
            "collection_id", "content_hash", name=op.f("uq_knowledge_snapshots_collection_id_content_hash")
        ),
    )
    op.create_table(
        "knowledge_uploads",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("collection_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
            name=op.f("ck_knowledge_uploads_status"),
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["knowledge_collections.id"],
            name=op.f("fk_knowledge_uploads_collection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_knowledge_uploads_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_uploads")),
    )
    op.create_index(op.f("ix_knowledge_uploads_collection_id"), "knowledge_uploads", ["collection_id"], unique=False)
    op.create_table(
        "knowledge_versions",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("document_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("upload_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("passages_sha256", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["knowledge_documents.id"],
            name=op.f("fk_knowledge_versions_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["knowledge_uploads.id"], name=op.f("fk_knowledge_versions_upload_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_versions")),
    )
    op.create_index(
        "ix_knowledge_versions_document_id_dated", "knowledge_versions", ["document_id", "dated", "id"], unique=False
    )
    op.create_index(op.f("ix_knowledge_versions_upload_id"), "knowledge_versions", ["upload_id"], unique=False)
    op.create_table(
        "knowledge_passages",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["knowledge_versions.id"], name=op.f("fk_knowledge_passages_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_passages")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_knowledge_passages_version_id_position")),
    )
    op.create_index(
        "ix_knowledge_passages_search", "knowledge_passages", ["search"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "knowledge_snapshot_versions",
        sa.Column("snapshot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["knowledge_snapshots.id"],
            name=op.f("fk_knowledge_snapshot_versions_snapshot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["knowledge_versions.id"], name=op.f("fk_knowledge_snapshot_versions_version_id")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "version_id", name=op.f("pk_knowledge_snapshot_versions")),
    )
    op.create_index(
        op.f("ix_knowledge_snapshot_versions_version_id"), "knowledge_snapshot_versions", ["version_id"], unique=False
    )
    op.create_table(
        "retrievals",
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("passage_ids", sa.ARRAY(sa.Uuid(as_uuid=False)), nullable=False),
        sa.Column("scores", sa.ARRAY(sa.Float()), nullable=False),
        sa.Column("milliseconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["test_cases.id"], name=op.f("fk_retrievals_case_id")),
        sa.ForeignKeyConstraint(["run_id"], ["eval_runs.id"], name=op.f("fk_retrievals_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "case_id", name=op.f("pk_retrievals")),
    )
    op.create_index(op.f("ix_retrievals_case_id"), "retrievals", ["case_id"], unique=False)
    op.add_column("candidates", sa.Column("retrieval", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.execute(IMMUTABLE)
    op.execute(ERASE_ROWS.replace("{more}", ERASE_PASSAGES))


def downgrade() -> None:
    op.execute(ERASE_ROWS.replace("{more}", ""))
    op.drop_column("candidates", "retrieval")
    for table in (
        "retrievals",
        "knowledge_snapshot_versions",
        "knowledge_passages",
        "knowledge_versions",
        "knowledge_uploads",
        "knowledge_snapshots",
        "knowledge_documents",
        "knowledge_collections",
    ):
        op.drop_table(table)
    op.execute("drop function version_stays")
