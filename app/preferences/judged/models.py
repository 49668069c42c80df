"""Model judges beside the people of a round."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class RoundJudge(Base):
    """A judge that is asked about each pair of a round that people are shown, in both orders. ``grader`` is its
    snapshot with provider and price settled."""

    __tablename__ = "round_judges"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"), index=True)
    grader: Mapped[dict[str, Any]]
    status: Mapped[str]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    failed: Mapped[int] = mapped_column(default=0, server_default="0")
    budget: Mapped[float | None]
    estimate: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    error: Mapped[str | None]
    lease: Mapped[int] = mapped_column(default=0, server_default="0")  # fencing: each start takes the next number
    lease_expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')",
            name="status",
        ),
    )


class RoundJudgement(Base):
    """One answer of a judge about one pair, of runs or imported; ``turn`` says which output stood first. Only ``given``
    has a label."""

    __tablename__ = "round_judgements"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    judge_id: Mapped[str] = mapped_column(ForeignKey("round_judges.id", ondelete="CASCADE"))
    pair_id: Mapped[str | None] = mapped_column(ForeignKey("pairs.id", ondelete="CASCADE"))
    imported_pair_id: Mapped[str | None] = mapped_column(ForeignKey("imported_pairs.id", ondelete="CASCADE"))
    turn: Mapped[str]
    call_id: Mapped[str | None] = mapped_column(Id)
    status: Mapped[str]
    label: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="", server_default="")
    problem: Mapped[str | None]
    model_returned: Mapped[str | None]
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("status in ('given', 'unreadable', 'truncated', 'failed')", name="status"),
        CheckConstraint("turn in ('ab', 'ba')", name="turn"),
        CheckConstraint("num_nonnulls(pair_id, imported_pair_id) = 1", name="one_pair"),
        UniqueConstraint("judge_id", "pair_id", "turn"),
        UniqueConstraint("judge_id", "imported_pair_id", "turn"),
        Index("ix_round_judgements_pair_id", "pair_id"),
        Index("ix_round_judgements_imported_pair_id", "imported_pair_id"),
    )
