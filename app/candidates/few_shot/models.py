"""The worked examples that stand in a candidate's prompt."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class CandidateShot(Base):
    """One worked example as it was when the candidate was made: the turns of one revision, without instructions.

    A trigger refuses every change but the tombstone of an erasure.
    """

    __tablename__ = "candidate_shots"
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id"), index=True)
    revision: Mapped[int]
    messages: Mapped[list[Any]]
