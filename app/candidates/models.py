"""What can be measured: a provider's model with a prompt and parameters."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Numeric, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class Candidate(Base):
    """Immutable from creation: 'edit' clones. ``origin`` is manual, fine_tune or upload (outputs made elsewhere)."""

    __tablename__ = "candidates"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str]
    provider_id: Mapped[str | None] = mapped_column(ForeignKey("providers.id"))
    model: Mapped[str]
    system_prompt: Mapped[str | None]
    prompt_template: Mapped[str | None]  # wraps the last user message; {{input}} is its text
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    price: Mapped[dict[str, Any] | None]  # {"input": $ per million tokens, "output": …}
    # {"collection_id", "top_k", "as_of", "snapshot_id", "passages_sha256", "ranking", "embedding"}: what is searched,
    # and how, is fixed from creation
    retrieval: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    origin: Mapped[str] = mapped_column(default="manual")
    fine_tune_id: Mapped[str | None] = mapped_column(Id)
    cloned_from: Mapped[str | None] = mapped_column(ForeignKey("candidates.id"))
    archived_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("project_id", "name"),)


class MakingCost(Base):
    """What it cost to make a candidate, in US dollars: written by the stage that made it (the training of a
    fine-tune)."""

    __tablename__ = "making_costs"
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True)
    training: Mapped[float] = mapped_column(Numeric(14, 6, asdecimal=False))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Baseline(Base):
    """The candidate that a project compares everything with; the newest row counts."""

    __tablename__ = "baselines"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"))
    set_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
