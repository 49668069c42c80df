"""Vectors of passages and of questions, document names in the full-text search, and whom comments name."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0036"
branch_labels = None
depends_on = None

# What may stand between the words of a name, and its ending, are left out: as rules.title_of does
TITLE = r"regexp_replace(regexp_replace(d.name, '\.[A-Za-z0-9]{1,5}$', ''), '(\W|_)+', ' ', 'g')"
SEARCH = """
update knowledge_passages p set search = {search}
from knowledge_versions v join knowledge_documents d on d.id = v.document_id
join knowledge_collections c on c.id = d.collection_id
where v.id = p.version_id and p.text <> '[erased]'
"""
WITH_TITLE = f"""setweight(to_tsvector(c.language::regconfig, {TITLE}), 'A')
  || setweight(to_tsvector(c.language::regconfig, p.heading), 'B')
  || setweight(to_tsvector(c.language::regconfig, p.text), 'D')"""
WITHOUT_TITLE = """setweight(to_tsvector(c.language::regconfig, p.heading), 'A')
  || setweight(to_tsvector(c.language::regconfig, p.text), 'D')"""
# An erased passage's vector goes with its words; those of questions are kept by hash, so all of the project go.
FORGET = """
create function forget_vectors() returns trigger language plpgsql security definer set search_path = public as $$
begin
  delete from knowledge_vectors where passage_id = new.id;
  return null;
end $$;
create trigger forget_vectors after update of text on knowledge_passages
  for each row execute function forget_vectors();
create function forget_question_vectors() returns trigger
language plpgsql security definer set search_path = public as $$
begin
  delete from knowledge_questions where collection_id in
    (select id from knowledge_collections where project_id = new.project_id);
  return null;
end $$;
create trigger forget_question_vectors after update of finished_at on erasures
  for each row execute function forget_question_vectors();
"""


def upgrade() -> None:
    op.add_column("knowledge_collections", sa.Column("embedding", postgresql.JSONB(astext_type=sa.Text())))
    op.create_table(
        "knowledge_vectors",
        sa.Column("passage_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["passage_id"], ["knowledge_passages.id"], name=op.f("fk_knowledge_vectors_passage_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("passage_id", "model", name=op.f("pk_knowledge_vectors")),
    )
    op.create_table(
        "knowledge_questions",
        sa.Column("collection_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["knowledge_collections.id"],
            name=op.f("fk_knowledge_questions_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("collection_id", "model", "digest", name=op.f("pk_knowledge_questions")),
    )
    op.create_table(
        "knowledge_embeddings",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("collection_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("embedder", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("estimate", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("cost", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('passages', 'questions')", name=op.f("ck_knowledge_embeddings_kind")),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'needs_decision', 'succeeded', 'failed', 'cancelled')",
            name=op.f("ck_knowledge_embeddings_status"),
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["knowledge_collections.id"],
            name=op.f("fk_knowledge_embeddings_collection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_knowledge_embeddings_created_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_knowledge_embeddings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_embeddings")),
    )
    for column in ("collection_id", "subject_id"):
        op.create_index(op.f(f"ix_knowledge_embeddings_{column}"), "knowledge_embeddings", [column], unique=False)
    op.create_table(
        "comment_mentions",
        sa.Column("comment_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_mentions_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_comment_mentions_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_comment_mentions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "user_id", name=op.f("pk_comment_mentions")),
    )
    op.create_index(
        "ix_comment_mentions_unseen",
        "comment_mentions",
        ["user_id", "project_id"],
        unique=False,
        postgresql_where=sa.text("seen_at is null"),
    )
    op.create_table(
        "playground_retrievals",
        sa.Column("trial_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("example_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("passage_ids", sa.ARRAY(sa.Uuid(as_uuid=False)), nullable=False),
        sa.Column("scores", sa.ARRAY(sa.Float()), nullable=False),
        sa.ForeignKeyConstraint(
            ["example_id"], ["examples.id"], name=op.f("fk_playground_retrievals_example_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["playground_trials.id"], name=op.f("fk_playground_retrievals_trial_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", "example_id", name=op.f("pk_playground_retrievals")),
    )
    op.create_table(
        "playground_judgings",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("trial_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cost", sa.Numeric(precision=14, scale=8, asdecimal=False), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'succeeded', 'failed')", name=op.f("ck_playground_judgings_status")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_playground_judgings_created_by"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_playground_judgings_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["playground_trials.id"], name=op.f("fk_playground_judgings_trial_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playground_judgings")),
        sa.UniqueConstraint("trial_id", name=op.f("uq_playground_judgings_trial_id")),
    )
    _search_again(WITH_TITLE)
    op.execute(FORGET)


def downgrade() -> None:
    op.execute("drop trigger forget_vectors on knowledge_passages; drop function forget_vectors")
    op.execute("drop trigger forget_question_vectors on erasures; drop function forget_question_vectors")
    _search_again(WITHOUT_TITLE)
    for table in (
        "playground_judgings",
        "playground_retrievals",
        "comment_mentions",
        "knowledge_embeddings",
        "knowledge_questions",
        "knowledge_vectors",
    ):
        op.drop_table(table)
    op.drop_column("knowledge_collections", "embedding")


def _search_again(search: str) -> None:
    """What is searched is made again of the same words: the passages themselves stay."""
    op.execute("alter table knowledge_passages disable trigger passage_is_immutable")
    op.execute(SEARCH.format(search=search))
    op.execute("alter table knowledge_passages enable trigger passage_is_immutable")
