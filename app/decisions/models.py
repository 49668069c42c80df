"""The gates of a project, version by version, and what named people decided on what evidence."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class GateSet(Base):
    """One immutable version of the project's gates; the newest counts. Rows are added, never changed (by grant).

    ``gates``: [{"metric", "rule", "value"}]. ``volume``: tasks over which a fine-tune's fixed cost is spread.
    """

    __tablename__ = "gate_sets"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int]
    gates: Mapped[list[Any]]
    volume: Mapped[int]
    note: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("project_id", "number"), CheckConstraint("volume > 0", name="volume"))


class SignedVerdict(Base):
    """A person's name under a decision. Rows are added, never changed (by grant).

    ``verdict``: what the gates said then; ``decision``: what the person decided. ``evidence`` names all that it rested
    on, ``evidence_hash`` in one figure: when that changes, the sign-off has lapsed. ``numbers``: the judged gates as
    shown.
    """

    __tablename__ = "verdicts"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    baseline_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"))
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"))
    run_ids: Mapped[list[str]] = mapped_column(ARRAY(Id))
    gate_set_id: Mapped[str] = mapped_column(ForeignKey("gate_sets.id"))
    verdict: Mapped[str]
    decision: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    evidence: Mapped[dict[str, Any]]
    evidence_hash: Mapped[str]
    numbers: Mapped[list[Any]]
    signed_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    signed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("verdict in ('ship', 'dont_ship', 'not_enough_evidence')", name="verdict"),
        CheckConstraint("decision in ('ship', 'dont_ship', 'not_enough_evidence')", name="decision"),
        Index("ix_verdicts_project_id_id", "project_id", "id"),
    )


class VerdictView(Base):
    """The verdict on a pair of candidates as a person last read it. ``noticed_at``: when they were first told of a
    change; for half an hour they are told again, so that a reload loses nothing."""

    __tablename__ = "verdict_views"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    baseline_id: Mapped[str] = mapped_column(ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True)
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True)
    verdict: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    noticed_at: Mapped[datetime | None]
