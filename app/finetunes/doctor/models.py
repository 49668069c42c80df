"""What the doctor has said of a fine-tune."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class Examination(Base):
    """One look at a tuned candidate. ``findings``: ``packing.packed``, ids and figures without any text. ``basis``: the
    runs that it rests on, [{"test_set_id", "base_run", "tuned_run"}]; ``basis_hash`` also names the rules and the state
    of the project's documents, so that a look at something older is known as one."""

    __tablename__ = "doctor_examinations"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    fine_tune_id: Mapped[str] = mapped_column(ForeignKey("fine_tunes.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(default="queued")
    basis: Mapped[list[Any]] = mapped_column(default=list)
    basis_hash: Mapped[str | None]
    findings: Mapped[list[Any] | None]
    error: Mapped[str | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))  # None: a run had ended
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("status in ('queued', 'running', 'succeeded', 'failed')", name="status"),
        Index("ix_doctor_examinations_fine_tune_id_id", "fine_tune_id", "id"),
        Index(
            "uq_doctor_examinations_open",
            "fine_tune_id",
            unique=True,
            postgresql_where="status in ('queued', 'running')",
        ),
    )
