"""Links to verdicts."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class VerdictLink(Base):
    """Whoever has the link reads one verdict as it stands, and nothing else. Of its token only the hash is kept.

    ``query`` names the comparison: candidates, sets, and runs where they were named.
    """

    __tablename__ = "verdict_links"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    query: Mapped[dict[str, Any]]
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    opened: Mapped[int] = mapped_column(default=0, server_default="0")
    last_opened_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_verdict_links_project_id_id", "project_id", "id"),)
