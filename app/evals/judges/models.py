"""What judges answered."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class JudgementRow(Base):
    """One answer of a judge about one output. ``judge`` is the key of what was asked (``Ask.key``), ``turn`` which
    output of a pair stood first. Only ``given`` has a verdict; the others say in ``problem`` what came in its place."""

    __tablename__ = "judgements"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"))
    output_id: Mapped[str] = mapped_column(ForeignKey("outputs.id", ondelete="CASCADE"))
    judge: Mapped[str]
    turn: Mapped[str] = mapped_column(default="", server_default="")
    call_id: Mapped[str | None] = mapped_column(Id)
    status: Mapped[str]
    score: Mapped[float | None]
    label: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="", server_default="")
    problem: Mapped[str | None]
    answer: Mapped[str | None]  # as it came, where it was no verdict
    model_returned: Mapped[str | None]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    latency_ms: Mapped[float | None]
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("status in ('given', 'unreadable', 'truncated', 'failed')", name="status"),
        CheckConstraint("turn in ('', 'ab', 'ba')", name="turn"),
        UniqueConstraint("output_id", "judge", "turn"),
        Index("ix_judgements_run_id_judge", "run_id", "judge"),
    )
