"""A thread per example."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy import text as text_clause
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class Comment(Base):
    """One contribution. A comment that was taken back keeps its place and loses its text."""

    __tablename__ = "comments"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"))
    revision: Mapped[int]  # the one that was current when it was written
    author_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_comments_example_id_id", "example_id", "id"),)


class Mention(Base):
    """A member whom a comment names. ``seen_at``: when they looked at the thread since."""

    __tablename__ = "comment_mentions"
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_comment_mentions_unseen", "user_id", "project_id", postgresql_where=text_clause("seen_at is null")),
    )
