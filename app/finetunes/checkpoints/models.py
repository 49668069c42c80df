"""Checkpoints that became candidates."""

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class CheckpointCandidate(Base):
    """A checkpoint is promoted once; measured again and again it is the same candidate."""

    __tablename__ = "checkpoint_candidates"
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id", ondelete="CASCADE"), primary_key=True)
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"), unique=True)
    promoted_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    promoted_at: Mapped[datetime] = mapped_column(server_default=func.now())
