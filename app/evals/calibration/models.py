"""A sample of outputs that people mark without seeing what a judge said, and their marks."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id

PARTS = ("rubric", "measure")


class CalibrationSample(Base):
    """Outputs of one run, drawn at random for the grader of that name. ``choices``: what a person may answer."""

    __tablename__ = "calibration_samples"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    grader: Mapped[str]
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"), index=True)
    choices: Mapped[list[Any]]
    guidance: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("project_id", "grader", "run_id"),)


class CalibrationItem(Base):
    """One output of a sample. Marks of the part ``rubric`` may be read in full and the rubric written by them; those
    of the part ``measure`` are only ever counted, and agreement is measured on them alone."""

    __tablename__ = "calibration_items"
    sample_id: Mapped[str] = mapped_column(ForeignKey("calibration_samples.id", ondelete="CASCADE"), primary_key=True)
    output_id: Mapped[str] = mapped_column(ForeignKey("outputs.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int]
    part: Mapped[str]

    __table_args__ = (CheckConstraint("part in ('rubric', 'measure')", name="part"),)


class CalibrationMark(Base):
    """What one person says of one output. ``saw_run``: they had opened the run's outputs before, so it is not blind."""

    __tablename__ = "calibration_marks"
    sample_id: Mapped[str] = mapped_column(ForeignKey("calibration_samples.id", ondelete="CASCADE"), primary_key=True)
    output_id: Mapped[str] = mapped_column(ForeignKey("outputs.id", ondelete="CASCADE"), primary_key=True, index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    choice: Mapped[str | None]  # None: cannot be told; passed over for good
    note: Mapped[str] = mapped_column(default="", server_default="")
    seconds: Mapped[float | None]
    saw_run: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
