"""Examples, their revisions, imports, and which side of the split each prompt stands on."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id

BEHAVIORS = ("answer", "refuse", "clarify", "escalate")
STATUSES = ("draft", "to_review", "approved", "rejected", "needs_work")


class Import(Base):
    """One upload on its way into examples; ``status`` and the counters are its live progress.

    ``bytes_read`` and ``lines_read`` are where the next batch starts: they are committed with the batch before it.
    ``status`` 'uploaded' is a file that someone looks at and has not started yet.
    """

    __tablename__ = "imports"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    file_name: Mapped[str]
    stored_name: Mapped[str]  # random name under HOLDOUT_HOME/uploads; never the uploaded one
    format: Mapped[str]
    container: Mapped[str] = mapped_column(default="", server_default="")  # how it was packed: gzip, a JSON array, …
    mapping: Mapped[dict[str, Any] | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    status: Mapped[str] = mapped_column(default="queued")
    bytes_total: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes_read: Mapped[int] = mapped_column(BigInteger, default=0)
    lines_read: Mapped[int] = mapped_column(default=0)
    rows_read: Mapped[int] = mapped_column(default=0)
    imported: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    rejected_count: Mapped[int] = mapped_column(default=0)
    held_out: Mapped[int] = mapped_column(default=0)  # of the imported: their prompt or group is on the test side
    definitions: Mapped[int] = mapped_column(default=0, server_default="0")  # rows that are no examples: evals, runs
    graders: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # grader objects that the file held
    error: Mapped[str | None]
    cancel_requested_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_imports_project_id_id", "project_id", "id"),)


class ImportRejection(Base):
    """A line that was refused: where it stands, why, and its beginning (so that nothing is lost)."""

    __tablename__ = "import_rejections"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    line: Mapped[int]
    reason: Mapped[str]
    excerpt: Mapped[str]


class SplitAssignment(Base):
    """Which side a unit stands on. A unit is a prompt fingerprint (``fp:…``) or a group (``group:…``).

    Test cases and dataset version items refer to (project, unit, split) with a constant ``split``, so no
    unit can stand in both: the foreign key refuses. A trigger allows only train → test, never back.
    """

    __tablename__ = "split_assignments"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[str] = mapped_column(default="train")
    cluster: Mapped[str | None]  # of near-duplicates; most units stand alone and have none

    __table_args__ = (
        CheckConstraint("split in ('train', 'test')", name="split"),
        UniqueConstraint("project_id", "unit", "split"),
        ForeignKeyConstraint(
            ["project_id", "cluster", "split"],
            ["unit_clusters.project_id", "unit_clusters.first_unit", "unit_clusters.split"],
            name="fk_split_assignments_cluster",
            onupdate="CASCADE",
        ),
        Index(
            "ix_split_assignments_project_id_cluster",
            "project_id",
            "cluster",
            postgresql_where="cluster is not null",
        ),
    )


class UnitCluster(Base):
    """Near-duplicate prompts, named after the first of them. All its units stand on its side: a key says so, and
    moving the cluster moves them."""

    __tablename__ = "unit_clusters"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    first_unit: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[str] = mapped_column(default="train")

    __table_args__ = (
        CheckConstraint("split in ('train', 'test')", name="split"),
        UniqueConstraint("project_id", "first_unit", "split"),
    )


class Example(Base):
    """The current state of one example; its content is the revision ``(id, revision)``."""

    __tablename__ = "examples"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    import_id: Mapped[str | None] = mapped_column(ForeignKey("imports.id"), index=True)
    revision: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(default="to_review")
    behavior: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    split: Mapped[str] = mapped_column(default="train")  # summary of the units' sides, for lists and filters
    fingerprint_unit: Mapped[str]
    group_unit: Mapped[str]
    source: Mapped[str | None]
    findings: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")  # kinds that are open
    # Why a version leaves it out, whatever its status: open findings that must not be trained on (written by checks),
    # and until when the approvals of what was found in it hold
    blocked: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    allowed_until: Mapped[datetime | None]
    request: Mapped[str]  # first user message, cut: what lists show
    answer: Mapped[str]  # target answer, cut
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('simple', request || ' ' || answer)", persisted=True), deferred=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("status in ('draft', 'to_review', 'approved', 'rejected', 'needs_work')", name="status"),
        CheckConstraint("behavior in ('answer', 'refuse', 'clarify', 'escalate')", name="behavior"),
        CheckConstraint("split in ('train', 'test')", name="split"),
        Index("ix_examples_project_id_id", "project_id", "id", postgresql_where="deleted_at is null"),
        Index("ix_examples_project_id_status_id", "project_id", "status", "id"),
        Index(
            "ix_examples_project_id_behavior_id",
            "project_id",
            "behavior",
            "id",
            postgresql_where="deleted_at is null and behavior is not null",
        ),
        Index("ix_examples_held_out", "project_id", "id", postgresql_where="deleted_at is null and split = 'test'"),
        Index("ix_examples_fingerprint_unit_project_id", "fingerprint_unit", "project_id"),
        Index(
            "ix_examples_group_unit_project_id",
            "group_unit",
            "project_id",
            postgresql_where="group_unit <> fingerprint_unit",
        ),
        Index("ix_examples_search", "search", postgresql_using="gin"),
        Index("ix_examples_tags", "tags", postgresql_using="gin"),
        Index("ix_examples_findings", "findings", postgresql_using="gin", postgresql_where="findings <> '{}'"),
    )


class ExampleTally(Base):
    """How many living examples of one status, side and behaviour a statement added or took; their sum is how many there
    are.

    Written by triggers (migrations 0012, 0044), never by the program: counting a million rows for each page is too
    slow, and one counter per project would make everybody who approves an example wait for everybody else.
    """

    __tablename__ = "example_tallies"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_id: Mapped[str] = mapped_column(Id, index=True)
    status: Mapped[str]
    split: Mapped[str]
    behavior: Mapped[str | None]
    n: Mapped[int] = mapped_column(BigInteger)


class Revision(Base):
    """One immutable version of an example's content. The target answer is the last assistant message."""

    __tablename__ = "revisions"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(Id)  # its example's: that key is enough, and is asked for every row
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"))
    number: Mapped[int]
    messages: Mapped[list[Any]]
    tools: Mapped[list[Any] | None]
    expected: Mapped[dict[str, Any] | None]
    non_preferred: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))  # the answer liked less
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the line's `metadata`
    behavior: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    fingerprint_unit: Mapped[str]
    group_unit: Mapped[str]  # equals fingerprint_unit where the example has no group
    content_hash: Mapped[str]
    author_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(default="")
    erasure_id: Mapped[str | None] = mapped_column(Id)  # the content is a tombstone since this erasure
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("example_id", "number"),
        UniqueConstraint("id", "project_id", "fingerprint_unit", "group_unit"),
        Index("ix_revisions_erasure_id", "erasure_id", postgresql_where="erasure_id is not null"),
    )


class BulkChange(Base):
    """What one action over many examples changed, so that it can be taken back: ids by what they were before."""

    __tablename__ = "bulk_changes"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    action: Mapped[str]
    tag: Mapped[str | None]
    before: Mapped[dict[str, Any]]  # {"approved": [example ids], …}; {"": [ids]} where there is one earlier state
    size: Mapped[int]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        # which actions touched one example: its history asks
        Index(
            "ix_bulk_changes_before",
            "before",
            postgresql_using="gin",
            postgresql_ops={"before": "jsonb_path_ops"},
        ),
    )


class SavedFilter(Base):
    """A filter of the list under a name that the whole team sees."""

    __tablename__ = "saved_filters"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str]
    filter: Mapped[dict[str, Any]]  # the fields of ExampleFilter that limit
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("project_id", "name"),)
