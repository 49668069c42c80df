"""Measurements on development examples."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class DevelopmentRun(Base):
    """One model of a fine-tune (``checkpoint_id``, or None: the final one) on the examples of a frozen version that it
    was not trained on: a model batch asks, ``graders`` (snapshots of such as ask no judge) say what passes."""

    __tablename__ = "development_runs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    fine_tune_id: Mapped[str] = mapped_column(ForeignKey("fine_tunes.id", ondelete="CASCADE"))
    checkpoint_id: Mapped[str | None] = mapped_column(ForeignKey("checkpoints.id", ondelete="CASCADE"))
    dataset_version_id: Mapped[str] = mapped_column(ForeignKey("dataset_versions.id"))
    batch_id: Mapped[str] = mapped_column(ForeignKey("model_batches.id", ondelete="CASCADE"), unique=True)
    graders: Mapped[list[Any]]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_development_runs_fine_tune_id_id", "fine_tune_id", "id"),)
