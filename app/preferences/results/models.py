"""What is kept beside the votes of a closed round: its figures, and disagreements that somebody settled."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class PreferenceResults(Base):
    """``key``: the method by which it was worked out. The votes of a closed round do not change, so it is not stale;
    derived, it can be made again. ``payload`` is null once something in it was erased."""

    __tablename__ = "preference_results"
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str]
    payload: Mapped[dict[str, Any] | None]


class SettledPair(Base):
    """One person's decision on a pair that the reviewers disagreed on. Never a vote: no figure counts it.

    ``pair_id`` is of a pair of runs or of an imported one, hence no foreign key.
    """

    __tablename__ = "settled_pairs"
    pair_id: Mapped[str] = mapped_column(Id, primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"))
    choice: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    settled_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    settled_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("choice in ('a', 'b', 'tie', 'both_bad')", name="choice"),
        Index("ix_settled_pairs_round_id", "round_id"),
    )
