"""Where a project's news go, and every message with what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class Webhook(Base):
    """The one address per project that hears its news. The signing secret is shown once, when it is made."""

    __tablename__ = "webhooks"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str]
    secret_ciphertext: Mapped[bytes] = mapped_column(LargeBinary)  # bound to the project and the address's origin
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Notification(Base):
    """One message on one way: to ``user_id`` by mail, or to the project's webhook."""

    __tablename__ = "notifications"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    channel: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    event: Mapped[str]  # assignment.created, assignment.due …
    payload: Mapped[dict[str, Any]]  # the webhook's data; for mail: subject and text
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)  # the same news is told once
    status: Mapped[str] = mapped_column(default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("channel in ('mail', 'webhook')", name="channel"),
        CheckConstraint("status in ('queued', 'sent', 'failed')", name="status"),
        Index("ix_notifications_project_id_id", "project_id", "id"),
    )
