"""Who looked when."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ProjectVisit(Base):
    """When a person last looked at a project's overview (``at``), and when they had before this visit (``since``; None
    on their first). Looks less than half an hour apart are one visit."""

    __tablename__ = "project_visits"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime]
    since: Mapped[datetime | None]
