"""Who was asked to look at which examples, and until when. What is done is read off the annotations."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class Assignment(Base):
    """One request to some people: these examples, until the end of ``due_on`` (UTC)."""

    __tablename__ = "assignments"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    filter: Mapped[dict[str, Any]]  # what the examples were chosen by
    due_on: Mapped[date | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cancelled_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_assignments_project_id_id", "project_id", "id"),)


class AssignmentItem(Base):
    """One example for one person. It is done when the person has annotated the example since it was given to them."""

    __tablename__ = "assignment_items"
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True)
    assigned_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("ix_assignment_items_user_id_example_id", "user_id", "example_id"),
        Index("ix_assignment_items_example_id", "example_id"),
    )
