"""Vectors of passages and of questions, and the work of making them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class PassageVector(Base):
    """The vector of a passage (half floats, little-endian, of length 1) by one model. Goes when the passage does, or
    when it is erased."""

    __tablename__ = "knowledge_vectors"
    passage_id: Mapped[str] = mapped_column(ForeignKey("knowledge_passages.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)  # ``Embedder.key``
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class QuestionVector(Base):
    """The vector of a question that a provider was asked for, by the SHA-256 of its text: asked once, paid once."""

    __tablename__ = "knowledge_questions"
    collection_id: Mapped[str] = mapped_column(
        ForeignKey("knowledge_collections.id", ondelete="CASCADE"), primary_key=True
    )
    model: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class Embedding(Base):
    """One piece of work: vectors for the passages of a collection that have none, or for the questions of
    ``subject_id`` (a run, a model batch). ``done`` of ``total`` counts texts.

    ``question``: what somebody tries a search with, until it has its vector. ``lease`` fences it: each start takes the
    next number. ``needs_decision``: a call of it may have been billed without an answer.
    """

    __tablename__ = "knowledge_embeddings"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    collection_id: Mapped[str] = mapped_column(ForeignKey("knowledge_collections.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    subject_id: Mapped[str | None] = mapped_column(Id, index=True)
    embedder: Mapped[dict[str, Any]]
    question: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="queued")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    estimate: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    error: Mapped[str | None]
    lease: Mapped[int] = mapped_column(default=0)
    cancel_requested_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('passages', 'questions')", name="kind"),
        CheckConstraint(
            "status in ('queued', 'running', 'needs_decision', 'succeeded', 'failed', 'cancelled')", name="status"
        ),
    )
