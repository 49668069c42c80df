"""Trials of prompts: up to three variants, each a model batch of its own over the same examples."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Float, ForeignKey, Index, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class PlaygroundTrial(Base):
    """``candidate_id``: whose model, parameters and price are used. ``graders``: snapshots of what grades the outputs,
    with their judges settled."""

    __tablename__ = "playground_trials"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"))
    graders: Mapped[list[Any]]
    budget: Mapped[float | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_playground_trials_project_id_id", "project_id", "id"),)


class PlaygroundVariant(Base):
    """One prompt of a trial; what it says stands in its batch's ``settings``."""

    __tablename__ = "playground_variants"
    trial_id: Mapped[str] = mapped_column(ForeignKey("playground_trials.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("model_batches.id", ondelete="CASCADE"), unique=True)


class PlaygroundRetrieval(Base):
    """The passages that a search found for an example before it was sent: all prompts of a trial are given the same."""

    __tablename__ = "playground_retrievals"
    trial_id: Mapped[str] = mapped_column(ForeignKey("playground_trials.id", ondelete="CASCADE"), primary_key=True)
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True)
    passage_ids: Mapped[list[str]] = mapped_column(ARRAY(Id))
    scores: Mapped[list[float]] = mapped_column(ARRAY(Float))


class PlaygroundJudging(Base):
    """The judges of a trial, asked once its outputs are in and somebody agreed to the price. ``answers``: what they
    said, by the item of the call (``{batch}/{example}:{key of the ask}:{turn}``). ``lease`` fences it like a try's."""

    __tablename__ = "playground_judgings"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    trial_id: Mapped[str] = mapped_column(ForeignKey("playground_trials.id", ondelete="CASCADE"), unique=True)
    status: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    error: Mapped[str | None]
    lease: Mapped[int] = mapped_column(default=0, server_default="0")
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("status in ('queued', 'running', 'succeeded', 'failed')", name="status"),)
