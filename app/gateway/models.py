"""Providers of models, and the ledger of every call that may cost money."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class Provider(Base):
    """An OpenAI-compatible server. The key is encrypted and bound to the origin of ``base_url``."""

    __tablename__ = "providers"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    base_url: Mapped[str]
    kind: Mapped[str] = mapped_column(default="openai")  # 'openai' | 'local_engine'
    key_ciphertext: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_last4: Mapped[str | None]
    max_concurrency: Mapped[int] = mapped_column(default=16)
    requests_per_minute: Mapped[int | None]
    tokens_per_minute: Mapped[int | None]
    hourly_rate: Mapped[float | None] = mapped_column(Numeric(10, 4, asdecimal=False))  # of a machine of one's own
    check_status: Mapped[str | None]  # 'queued' | 'running' | 'succeeded' | 'failed'
    check_error: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    models: Mapped[list[Any]] = mapped_column(default=list)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]


class PaidCall(Base):
    """One call to a provider: planned → sent (committed before sending) → done, failed or unknown.

    ``subject_id`` is the eval run or fine-tune that needs it, ``item`` what within it (case and repeat).
    A row in ``sent`` whose worker is gone becomes ``unknown``: it may have been billed, so a person decides.
    """

    __tablename__ = "paid_calls"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id"))
    subject_id: Mapped[str] = mapped_column(Id)
    purpose: Mapped[str]
    item: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(default="planned")
    worker: Mapped[str | None]  # who sent it: the fencing token of the run's lease
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cost_estimate: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    error: Mapped[dict[str, Any] | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        CheckConstraint("state in ('planned', 'sent', 'done', 'failed', 'unknown', 'accepted')", name="state"),
        UniqueConstraint("subject_id", "purpose", "item", "attempt"),
        Index("ix_paid_calls_subject_id_state", "subject_id", "state"),
        Index("ix_paid_calls_project_id_sent_at", "project_id", "sent_at"),
    )


class ProjectBudget(Base):
    """What a project may spend on paid calls in a month, and what its forecasts rest on. No row: neither is set."""

    __tablename__ = "project_budgets"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    monthly_limit: Mapped[float | None] = mapped_column(Numeric(14, 6, asdecimal=False))  # dollars; None: no limit
    monthly_tasks: Mapped[int | None]  # tasks a month that are to be served
    updated_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("monthly_limit >= 0", name="monthly_limit"),
        CheckConstraint("monthly_tasks > 0", name="monthly_tasks"),
    )
