"""Series and their fine-tunes."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class FineTuneSeries(Base):
    """``dataset_version_id`` was divided: ``development_version_id`` is what was held back, and what the models are
    measured on. ``budget``: dollars for training and measuring all of them, held while it runs. ``graders`` are
    snapshots."""

    __tablename__ = "fine_tune_series"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    dataset_version_id: Mapped[str] = mapped_column(ForeignKey("dataset_versions.id"))
    development_version_id: Mapped[str] = mapped_column(ForeignKey("dataset_versions.id"))
    graders: Mapped[list[Any]]
    budget: Mapped[float | None] = mapped_column(Numeric(14, 6, asdecimal=False))
    stopped: Mapped[str | None]  # why no more of it is launched
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("purpose in ('learning_curve', 'sweep')", name="purpose"),
        Index("ix_fine_tune_series_project_id_id", "project_id", "id"),
    )


class FineTuneSeriesMember(Base):
    """``differs``: what sets this one apart, a value by hyperparameter or ``share``. ``started_at`` None: it waits for
    its turn, and nothing has been sent of it. ``problem``: why it could not be measured."""

    __tablename__ = "fine_tune_series_members"
    fine_tune_id: Mapped[str] = mapped_column(ForeignKey("fine_tunes.id", ondelete="CASCADE"), primary_key=True)
    series_id: Mapped[str] = mapped_column(ForeignKey("fine_tune_series.id", ondelete="CASCADE"))
    position: Mapped[int]
    differs: Mapped[dict[str, Any]]
    started_at: Mapped[datetime | None]
    problem: Mapped[str | None]

    __table_args__ = (UniqueConstraint("series_id", "position"),)
