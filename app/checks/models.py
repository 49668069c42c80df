"""Scans, what they found, and what people decided of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id

KINDS = (
    "duplicate",
    "near_duplicate",
    "semantic_duplicate",
    "sensitive",
    "secret",
    "format",
    "stale_fact",
    "label_conflict",
    "leak",
    "outlier",
)
STATES = ("open", "resolved", "accepted")


class Scan(Base):
    """One pass of the detectors over a project; ``done`` of ``total`` examples is its live progress.

    A scan looks at examples whose current revision the present detectors have not seen; a ``full`` one begins by
    forgetting what was seen. ``created_by`` is None where a change of the examples asked for it.
    """

    __tablename__ = "scans"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(default="queued")
    full: Mapped[bool] = mapped_column(default=False)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)  # new findings by kind
    typical: Mapped[dict[str, Any] | None]  # what was found typical, where this scan measured it anew
    error: Mapped[str | None]
    cancel_requested_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_scans_project_id_id", "project_id", "id"),
        Index("uq_scans_open", "project_id", unique=True, postgresql_where="status in ('queued', 'running')"),
    )


class ScanMark(Base):
    """Which revision of an example was looked at last, and by which detectors (a hash of names, versions, project).

    ``pooled``: it has been compared with the others too. No mark: the example is new, or came back into the pool.
    """

    __tablename__ = "scan_marks"
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    detectors: Mapped[str]
    pooled: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index("ix_scan_marks_unpooled", "project_id", "example_id", postgresql_where="not pooled"),)


class Finding(Base):
    """What a detector saw in one revision: which kind, where (a span of a message's text), and the evidence.

    ``key`` tells two findings of one kind in one example apart and stays the same over rescans, so that a decision
    is not asked for twice. ``cluster`` is shared by what belongs together (duplicates, answers to one request).
    ``until`` limits an acceptance.
    """

    __tablename__ = "findings"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"))
    revision: Mapped[int]
    kind: Mapped[str]
    code: Mapped[str]  # what exactly: email, not_json, price …
    key: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    until: Mapped[datetime | None]
    message_index: Mapped[int | None]
    start: Mapped[int | None]  # characters into the message's text
    stop: Mapped[int | None]
    replacement: Mapped[str | None]  # what masking puts there
    words: Mapped[str]  # one sentence for people
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cluster: Mapped[str | None]
    other_example_id: Mapped[str | None] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("state in ('open', 'resolved', 'accepted')", name="state"),
        UniqueConstraint("example_id", "kind", "key"),
        Index("ix_findings_project_id_state_kind_id", "project_id", "state", "kind", "id"),
        Index("ix_findings_project_id_cluster", "project_id", "cluster", postgresql_where="cluster is not null"),
        Index("ix_findings_until", "until", postgresql_where="state = 'accepted' and until is not null"),
    )


class FindingDecision(Base):
    """A person's answer to a finding; rows only come. ``expires_at`` limits an acceptance: then it is open again."""

    __tablename__ = "finding_decisions"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    finding_id: Mapped[str] = mapped_column(ForeignKey("findings.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    action: Mapped[str]  # one of rules.ACTIONS, or expire, undo
    reason: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime | None]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class FindingChange(Base):
    """What one decision over findings changed, so that it can be taken back.

    ``before``: ``findings`` {id: [state, until]}, ``examples`` {id: [status, revision, revision after]}, ``apart``
    [[unit, other]] that were said not to be duplicates. Where more matched than one step takes: ``wanted``, ``last``
    (the id of the last finding decided) and ``left``; ``follows``: the step before.
    """

    __tablename__ = "finding_changes"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    action: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    before: Mapped[dict[str, Any]]
    size: Mapped[int]  # findings that were decided
    examples: Mapped[int]  # examples that are different now
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    undone_at: Mapped[datetime | None]

    @property
    def left(self) -> int:
        """How many findings the decision was about that are still to be decided."""
        return int(self.before.get("left", 0))

    @property
    def follows(self) -> str | None:
        return self.before.get("follows")
