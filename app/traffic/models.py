"""Figures of production completions, and how many of them are sampled."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

DEFAULT_RATE = 0.05


class TrafficItem(Base):
    """One completion. ``id_hash``: SHA-256 of the id that it came with, so that it counts once. No words of it.

    ``behavior``: as the rules read the answer, None where they cannot. ``format_ok``: None where the project says no
    format.
    """

    __tablename__ = "traffic_items"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    id_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answer_characters: Mapped[int]
    behavior: Mapped[str | None]
    format_ok: Mapped[bool | None]
    sampled: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        CheckConstraint("behavior in ('answer', 'refuse', 'clarify', 'escalate')", name="behavior"),
        Index("ix_traffic_items_project_id_at", "project_id", "at"),
    )


class TrafficSettings(Base):
    """How large a share of the completions is put into review. No row: ``DEFAULT_RATE``."""

    __tablename__ = "traffic_settings"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    sample_rate: Mapped[float]
    updated_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("sample_rate between 0 and 1", name="sample_rate"),)
