"""Blind side-by-side rounds. Voters are shown ``ballots`` and nothing else."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id, random_id

CHOICES = ("left", "right", "tie", "both_bad")


class PreferenceRound(Base):
    """``criteria`` is the question to reviewers, ``criteria_list`` what they may answer beside it.

    ``slice``: by and name of the part of the set that it is about, empty for all. ``ordered_at``: number of votes that
    the order of the ballots rests on.
    """

    __tablename__ = "preference_rounds"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    criteria: Mapped[str]
    source: Mapped[str] = mapped_column(default="runs", server_default="runs")  # or 'import': votes from elsewhere
    test_set_id: Mapped[str | None] = mapped_column(ForeignKey("test_sets.id"))  # of the runs
    run_ids: Mapped[list[str]] = mapped_column(ARRAY(Id))
    votes_per_pair: Mapped[int]
    repeat_fraction: Mapped[float] = mapped_column(default=0.0)
    criteria_list: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    guideline: Mapped[str] = mapped_column(default="", server_default="")
    slice: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    order: Mapped[str] = mapped_column(default="even", server_default="even")
    max_votes: Mapped[int | None]
    self_naming: Mapped[str] = mapped_column(default="apart", server_default="apart")
    ordered_at: Mapped[int] = mapped_column(default=0, server_default="0")
    seed: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        CheckConstraint("source in ('runs', 'import')", name="source"),
        CheckConstraint("source = 'import' or test_set_id is not null", name="test_set"),
        CheckConstraint("\"order\" in ('even', 'adaptive')", name="order"),
        CheckConstraint("self_naming in ('apart', 'mask', 'keep')", name="self_naming"),
    )


class RoundReviewer(Base):
    __tablename__ = "round_reviewers"
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)


class Pair(Base):
    """Two outputs for one case. ``identical`` pairs count as ties and are never shown. ``named``: words by which an
    output says whose it is; ``apart`` pairs are not shown for that, and not counted."""

    __tablename__ = "pairs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("test_cases.id"))
    output_a_id: Mapped[str] = mapped_column(ForeignKey("outputs.id"))
    output_b_id: Mapped[str] = mapped_column(ForeignKey("outputs.id"))
    identical: Mapped[bool] = mapped_column(default=False)
    named: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    apart: Mapped[bool] = mapped_column(default=False, server_default="false")


class Ballot(Base):
    """What one reviewer sees of one pair: copies of the texts in the order of a stored random bit.

    Nothing here leads to a candidate; ``ballot_pairs`` holds the way back and is read only by the results.
    """

    __tablename__ = "ballots"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=random_id)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"))
    reviewer_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    position: Mapped[int]
    prompt: Mapped[list[Any]]
    text_a: Mapped[str]
    text_b: Mapped[str]
    a_is_left: Mapped[bool]
    urgency: Mapped[float] = mapped_column(default=0.0, server_default="0")  # the lowest is shown first
    skipped_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("round_id", "reviewer_id", "position"),)


class BallotPair(Base):
    __tablename__ = "ballot_pairs"
    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballots.id", ondelete="CASCADE"), primary_key=True)
    pair_id: Mapped[str] = mapped_column(ForeignKey("pairs.id", ondelete="CASCADE"), index=True)
    is_repeat: Mapped[bool] = mapped_column(default=False)


class Vote(Base):
    """One choice per ballot. A trigger refuses votes, and changes of votes, once the round is closed."""

    __tablename__ = "votes"
    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballots.id", ondelete="CASCADE"), primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"))
    reviewer_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    choice: Mapped[str]
    rationale: Mapped[str] = mapped_column(default="")
    criteria: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # by criterion left, right, tie
    seconds: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (
        CheckConstraint("choice in ('left', 'right', 'tie', 'both_bad')", name="choice"),
        Index("ix_votes_round_id_reviewer_id", "round_id", "reviewer_id"),
    )
