"""Votes that were cast elsewhere: pairs, votes by reviewers who are names here, and the files that they came in.

The running role adds to these tables and changes nothing in them; triggers refuse all three once the round is closed.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Text, UniqueConstraint
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class ImportedPair(Base):
    """Two outputs for one prompt, in the order in which they were first seen; ``key`` is the same for both orders."""

    __tablename__ = "imported_pairs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"))
    key: Mapped[str]
    case_id: Mapped[str | None] = mapped_column(ForeignKey("test_cases.id"), index=True)
    prompt: Mapped[list[Any]]  # messages
    prompt_key: Mapped[str]
    fingerprint_unit: Mapped[str]
    candidate_a: Mapped[str]
    candidate_b: Mapped[str]
    output_a: Mapped[str | None]
    output_b: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))

    __table_args__ = (UniqueConstraint("round_id", "key"), UniqueConstraint("id", "round_id"))


class ImportedVote(Base):
    """One line. ``winner`` and ``criteria`` are in the pair's own order. ``id`` is the order in which they came.

    A line that came before is the same vote: ``line_hash`` says what it says, ``occurrence`` tells equal lines of one
    file apart.
    """

    __tablename__ = "imported_votes"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"))
    pair_id: Mapped[str] = mapped_column(Id)
    reviewer: Mapped[str]
    winner: Mapped[str]
    rationale: Mapped[str] = mapped_column(default="")
    criteria: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seconds: Mapped[float | None]
    line_hash: Mapped[bytes]
    occurrence: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(
            ["pair_id", "round_id"], ["imported_pairs.id", "imported_pairs.round_id"], ondelete="CASCADE"
        ),
        UniqueConstraint("round_id", "line_hash", "occurrence"),
        UniqueConstraint("pair_id", "reviewer", "id"),
        CheckConstraint("winner in ('a', 'b', 'tie', 'both_bad')", name="winner"),
    )


class VoteFile(Base):
    """A file of votes and what became of its lines. ``rejected``: [line, reason], the first hundred."""

    __tablename__ = "vote_files"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    lines: Mapped[int]
    votes: Mapped[int]
    known: Mapped[int]
    rejected_count: Mapped[int]
    rejected: Mapped[list[Any]]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=sql.now())
