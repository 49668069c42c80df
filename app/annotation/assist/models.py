"""Model batches, their items, and where what they made came from."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id

KINDS = ("variations", "suggestions")


class ModelBatch(Base):
    """One piece of work for a model over chosen examples; ``done`` of ``total`` is its live progress.

    ``lease`` and ``lease_expires_at`` fence it as an eval run is fenced. ``made`` counts what came in, ``dropped``
    what did not, by reason. ``prompt_version`` names the instruction that was sent (``prompts.py`` of the kind).
    """

    __tablename__ = "model_batches"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id"))
    model: Mapped[str]
    price: Mapped[dict[str, Any] | None]  # dollars per million tokens: input, output
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    prompt_version: Mapped[int]
    budget: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    made: Mapped[int] = mapped_column(default=0)
    dropped: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    error: Mapped[str | None]
    lease: Mapped[int] = mapped_column(default=0)
    lease_expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('variations', 'suggestions', 'playground')", name="kind"),
        Index("ix_model_batches_project_id_kind_id", "project_id", "kind", "id"),
    )


class ModelBatchItem(Base):
    """One example of a batch. ``answer`` is what came back, kept until it has been read ('answered' → 'done').

    ``measured``: ``latency_ms``, ``input_tokens``, ``output_tokens``, ``cost`` in dollars, as far as they are known.
    """

    __tablename__ = "model_batch_items"
    batch_id: Mapped[str] = mapped_column(ForeignKey("model_batches.id", ondelete="CASCADE"), primary_key=True)
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True, index=True)
    revision: Mapped[int]
    state: Mapped[str] = mapped_column(default="waiting")
    answer: Mapped[str | None]
    reason: Mapped[str | None]
    measured: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    made: Mapped[int] = mapped_column(default=0)
    dropped: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (CheckConstraint("state in ('waiting', 'answered', 'done', 'failed', 'lost')", name="state"),)


class Variation(Base):
    """Where a synthetic example came from: which example, in which revision, and the batch that names the model."""

    __tablename__ = "variations"
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("model_batches.id"), index=True)
    seed_id: Mapped[str] = mapped_column(ForeignKey("examples.id"), index=True)
    seed_revision: Mapped[int]


class Suggestion(Base):
    """What a model would say of one revision. It is nobody's mark."""

    __tablename__ = "suggestions"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"))
    revision: Mapped[int]
    batch_id: Mapped[str] = mapped_column(ForeignKey("model_batches.id"), index=True)
    label: Mapped[str | None]
    behavior: Mapped[str | None]
    answer: Mapped[str | None]
    score: Mapped[float | None]
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("example_id", "revision", "batch_id"),)


class SuggestionOutcome(Base):
    """What one person, who saw a suggestion, made of it. Goes with their annotation when that is taken back.

    'accepted': all that was suggested stands in what they saved; 'edited': part of it; 'rejected': none of it.
    """

    __tablename__ = "suggestion_outcomes"
    annotation_id: Mapped[str] = mapped_column(ForeignKey("annotations.id", ondelete="CASCADE"), primary_key=True)
    suggestion_id: Mapped[str] = mapped_column(ForeignKey("suggestions.id", ondelete="CASCADE"), index=True)
    outcome: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("outcome in ('accepted', 'edited', 'rejected')", name="outcome"),)
