"""What people say of an example, and who holds which example right now."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id

Verdict = Literal["approve", "reject", "needs_work"]


class Reservation(Base):
    """An example handed to one annotator until ``expires_at`` (database clock): nobody else gets it meanwhile."""

    __tablename__ = "reservations"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]

    __table_args__ = (Index("ix_reservations_project_id_user_id", "project_id", "user_id"),)


class Skip(Base):
    """A person passed over this example; it comes back to them after the others."""

    __tablename__ = "skips"
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Annotation(Base):
    """A person's verdict on one revision. What it changed is kept, so that it can be undone."""

    __tablename__ = "annotations"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"))
    revision: Mapped[int]  # the revision that was judged (after the annotator's own edit, if any)
    guideline_version: Mapped[int] = mapped_column(default=0, server_default="0")  # the one that was in force
    annotator_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    verdict: Mapped[str]
    label: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
    flagged: Mapped[bool] = mapped_column(default=False)
    seconds: Mapped[float | None]
    before: Mapped[dict[str, Any]]  # status, revision, tags, behavior before: what undo restores
    client_token: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("verdict in ('approve', 'reject', 'needs_work')", name="verdict"),
        UniqueConstraint("example_id", "revision", "annotator_id"),
        Index("ix_annotations_project_id_annotator_id_id", "project_id", "annotator_id", "id"),
    )
