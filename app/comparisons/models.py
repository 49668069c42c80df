"""Comparisons that were worked out once: the bootstrap over thousands of cases takes seconds, a page must not."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ComparisonResult(Base):
    """``key``: SHA-256 of what was asked, the hashes of the runs' manifests among it, so that it is never stale;
    derived, it can be made again. ``payload`` is null once something in it was erased."""

    __tablename__ = "comparison_results"
    key: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    payload: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
