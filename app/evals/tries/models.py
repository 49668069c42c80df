"""Tries of graders."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class GraderTry(Base):
    """A grader that may never be saved, on a few outputs of a run.

    ``typed`` is the grader as it was written, ``grader`` its snapshot with judges settled, ``output_ids`` what it is
    tried on, ``answers`` what judges said, by the item of the call; ``results`` a grade for each output. ``estimated``
    waits for a person to agree to the price.
    """

    __tablename__ = "grader_tries"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"))
    typed: Mapped[dict[str, Any]]
    grader: Mapped[dict[str, Any]]
    output_ids: Mapped[list[Any]]
    status: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    results: Mapped[list[Any] | None]
    calls: Mapped[int] = mapped_column(default=0, server_default="0")
    estimate: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    error: Mapped[str | None]
    lease: Mapped[int] = mapped_column(default=0, server_default="0")  # fencing: each start takes the next number
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("status in ('estimated', 'queued', 'running', 'succeeded', 'failed')", name="status"),
        Index("ix_grader_tries_project_id_id", "project_id", "id"),
    )
