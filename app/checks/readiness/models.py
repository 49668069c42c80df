"""Who signed which point of the checklist, and what exactly the signature rests on."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class SignOff(Base):
    """One statement of one person; the newest of a point counts. Rows are added, never changed (by grant).

    ``action``: 'sign' (I have read a sample, and it holds), 'not_needed' (this project does without), 'withdraw'.
    ``example_ids`` and ``revisions`` are the approved training examples as they stood, position by position: so that
    what has changed since can be counted exactly. ``content_hash`` names them in one figure.
    """

    __tablename__ = "sign_offs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    item: Mapped[str]
    action: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    approved: Mapped[int]  # how many examples it rests on
    content_hash: Mapped[str]
    example_ids: Mapped[list[str]] = mapped_column(ARRAY(Id), deferred=True)
    revisions: Mapped[list[int]] = mapped_column(ARRAY(Integer), deferred=True)
    sample_ids: Mapped[list[str]] = mapped_column(ARRAY(Id), default=list)  # those that were on the page read
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("action in ('sign', 'not_needed', 'withdraw')", name="action"),
        Index("ix_sign_offs_project_id_item_id", "project_id", "item", "id"),
    )
