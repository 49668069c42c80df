"""A project is the tenant: everything a team curates and measures belongs to one."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class Project(Base):
    __tablename__ = "projects"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    goal: Mapped[str]
    brief: Mapped[str] = mapped_column(default="")
    guideline: Mapped[str] = mapped_column(default="")
    guideline_version: Mapped[int] = mapped_column(default=0, server_default="0")  # 0: none was written yet
    labels: Mapped[list[Any]] = mapped_column(default=list)
    output_schema: Mapped[dict[str, Any] | None]
    overlap: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")  # opinions wanted per example
    judge_bound: Mapped[float] = mapped_column(default=0.6, server_default="0.6")  # of kappa, for judges to count
    expert_hourly_rate: Mapped[float | None]  # in the currency that prices are in
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("overlap between 1 and 10", name="overlap"),
        CheckConstraint("judge_bound between 0 and 1", name="judge_bound"),
    )


class Member(Base):
    __tablename__ = "members"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str]
    may_sign_off: Mapped[bool] = mapped_column(default=False, server_default="false")  # admins may in any case
    may_settle: Mapped[bool] = mapped_column(default=False, server_default="false")  # engineers may in any case
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("role in ('viewer', 'annotator', 'engineer', 'admin')", name="role"),)


class GuidelineVersion(Base):
    """One immutable version of a project's guideline; ``Project.guideline`` is the text of the newest one."""

    __tablename__ = "guideline_versions"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int]
    text: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("project_id", "number"),)
