"""Trials of prompts: up to three variants, each a model batch of its own over the same examples."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class PlaygroundTrial(Base):
    """``candidate_id``: whose model, parameters and price are used. ``graders``: snapshots of what grades the outputs;
    only those that ask no judge."""

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
