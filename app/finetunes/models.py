"""Fine-tunes: the launch, the provider's job, its events and checkpoints."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class FineTune(Base):
    """One launch. ``launch_token`` is sent to the provider, so that a crash never makes a second job."""

    __tablename__ = "fine_tunes"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id"))
    base_model: Mapped[str]
    dataset_version_id: Mapped[str] = mapped_column(ForeignKey("dataset_versions.id"))
    baseline_candidate_id: Mapped[str | None] = mapped_column(ForeignKey("candidates.id"))
    method: Mapped[str]
    objective: Mapped[str] = mapped_column(default="supervised")
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(default=dict)  # as asked for
    settled_hyperparameters: Mapped[dict[str, Any] | None]  # as the provider's job says
    launch_token: Mapped[str] = mapped_column(unique=True)
    export_sha256: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    provider_status: Mapped[str | None]  # the provider's own word
    provider_file_id: Mapped[str | None]
    provider_job_id: Mapped[str | None]
    fine_tuned_model: Mapped[str | None]
    candidate_id: Mapped[str | None] = mapped_column(ForeignKey("candidates.id"))
    estimate: Mapped[dict[str, Any]] = mapped_column(default=dict)
    budget: Mapped[float | None] = mapped_column(Numeric(14, 6, asdecimal=False))
    cost: Mapped[float | None] = mapped_column(Numeric(14, 6, asdecimal=False))
    trained_tokens: Mapped[int | None] = mapped_column(BigInteger)
    override_reason: Mapped[str | None]
    error: Mapped[str | None]
    step: Mapped[int] = mapped_column(default=0)
    total_steps: Mapped[int | None]
    estimated_finish: Mapped[datetime | None]  # by the provider
    requested: Mapped[str | None]  # 'pause' or 'resume', until the worker has passed it on
    cancel_requested_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("method in ('lora', 'qlora', 'full', 'api')", name="method"),
        CheckConstraint(
            "status in ('queued', 'running', 'paused', 'needs_decision', 'succeeded', 'failed', 'cancelled')",
            name="status",
        ),
        Index("ix_fine_tunes_project_id_id", "project_id", "id"),
    )


class FineTuneEvent(Base):
    """An event of the provider's job, stored once (``provider_event_id``); metrics events feed the curve."""

    __tablename__ = "fine_tune_events"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    fine_tune_id: Mapped[str] = mapped_column(ForeignKey("fine_tunes.id", ondelete="CASCADE"))
    provider_event_id: Mapped[str]
    at: Mapped[datetime]
    kind: Mapped[str]  # message | metrics
    level: Mapped[str]
    message: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        UniqueConstraint("fine_tune_id", "provider_event_id"),
        Index("ix_fine_tune_events_fine_tune_id_id", "fine_tune_id", "id"),
    )


class FineTuneOutput(Base):
    """The end of what the training process printed, as the engine told it last."""

    __tablename__ = "fine_tune_outputs"
    fine_tune_id: Mapped[str] = mapped_column(ForeignKey("fine_tunes.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Checkpoint(Base):
    __tablename__ = "checkpoints"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    fine_tune_id: Mapped[str] = mapped_column(ForeignKey("fine_tunes.id", ondelete="CASCADE"))
    provider_checkpoint_id: Mapped[str]
    step: Mapped[int]
    model: Mapped[str]
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("fine_tune_id", "provider_checkpoint_id"),)
