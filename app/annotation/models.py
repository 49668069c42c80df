"""What people say of an example, and who holds a place at which example right now."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id

Verdict = Literal["approve", "reject", "needs_work"]


SETTLING = 0  # the place of the one who settles; annotators have 1 to the project's overlap


class Reservation(Base):
    """A place at an example, one person's until ``expires_at`` (database clock).

    An example has as many places as the project asks for opinions. A place is taken by a reservation and then by
    the annotation that came of it; the unique keys see to it that it is never given twice.
    """

    __tablename__ = "reservations"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"))
    slot: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("slot >= 0", name="slot"),
        UniqueConstraint("example_id", "slot"),
        UniqueConstraint("example_id", "user_id"),
        Index("ix_reservations_project_id_user_id", "project_id", "user_id"),
    )


class Skip(Base):
    """A person passed over this example; it comes back to them after the others. ``seconds``: spent on it so far."""

    __tablename__ = "skips"
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seconds: Mapped[float] = mapped_column(default=0.0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Draft(Base):
    """A review that somebody put aside with what they had typed: the form's fields as they stood."""

    __tablename__ = "annotation_drafts"
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    revision: Mapped[int]
    fields: Mapped[dict[str, Any]]
    seconds: Mapped[float] = mapped_column(default=0.0)
    saved_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_annotation_drafts_project_id_user_id", "project_id", "user_id"),)


class Annotation(Base):
    """A person's verdict on one revision, and what it changed, so that it can be undone.

    ``slot`` is its place while the example waits for other opinions, and None once it is decided. ``proposal`` holds
    the edits that wait with it. ``before`` is empty unless this annotation decided the example: ``status`` and
    ``revision`` as they were, ``left``: the revision that it left, ``open``: the annotations that it closed, by place.
    """

    __tablename__ = "annotations"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"))
    revision: Mapped[int]  # the revision that was judged: of one opinion alone, with the annotator's own edit
    guideline_version: Mapped[int] = mapped_column(default=0, server_default="0")  # the one that was in force
    annotator_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    verdict: Mapped[str]
    label: Mapped[str | None]
    behavior: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
    flagged: Mapped[bool] = mapped_column(default=False)
    seconds: Mapped[float | None]
    slot: Mapped[int | None] = mapped_column(SmallInteger)
    blind: Mapped[bool] = mapped_column(default=False, server_default="false")  # made without seeing the others
    settles: Mapped[bool] = mapped_column(default=False, server_default="false")  # decides what others disagreed on
    proposal: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    before: Mapped[dict[str, Any]]
    client_token: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("verdict in ('approve', 'reject', 'needs_work')", name="verdict"),
        CheckConstraint("slot is null or (slot > 0 and blind and not settles)", name="slot"),
        UniqueConstraint("example_id", "revision", "annotator_id", "settles"),
        UniqueConstraint("example_id", "slot"),
        Index("ix_annotations_project_id_annotator_id_id", "project_id", "annotator_id", "id"),
        Index(
            "uq_annotations_example_id_annotator_id_open",
            "example_id",
            "annotator_id",
            unique=True,
            postgresql_where="slot is not null",
        ),
        Index("ix_annotations_open", "project_id", "example_id", postgresql_where="slot is not null"),
        Index("ix_annotations_blind", "project_id", "example_id", "revision", postgresql_where="blind"),
    )
