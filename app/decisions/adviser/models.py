"""Why cases failed, as named people said."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class FailureCause(Base):
    """A person's word on why a case fails. The newest row of a case counts, in every run and in every later edition of
    the set that keeps the case word for word (``content_hash``). Rows are added, never changed (by grant).

    ``cause`` None takes back what was said; ``proposed`` is what the rules said then. Rows of one ``change_id`` were
    written at once, and are undone at once: ``undoes`` names the change that a row takes back.
    """

    __tablename__ = "failure_causes"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    case_id: Mapped[str] = mapped_column(ForeignKey("test_cases.id", ondelete="CASCADE"), index=True)
    content_hash: Mapped[str]
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"))
    cause: Mapped[str | None]
    proposed: Mapped[str | None]
    change_id: Mapped[str] = mapped_column(Id)
    undoes: Mapped[str | None] = mapped_column(Id)
    set_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(
            "cause in ('missing_document', 'changing_fact', 'ignored_pattern', 'format', 'unclear_requirement', "
            "'safety')",
            name="cause",
        ),
        Index("ix_failure_causes_project_id_content_hash_id", "project_id", "content_hash", "id"),
        Index("ix_failure_causes_project_id_set_by_id", "project_id", "set_by", "id"),
    )
