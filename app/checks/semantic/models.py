"""Vectors of requests, and which requests mean the same."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class UnitEmbedding(Base):
    """The vector of one request (384 half floats, little-endian), by its fingerprint: no two examples embed it twice.

    ``compared``: its pairs with all others are in ``semantic_pairs``.
    """

    __tablename__ = "unit_embeddings"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str]
    vector: Mapped[bytes]
    compared: Mapped[bool] = mapped_column(default=False)


class SemanticPair(Base):
    """Two requests alike in meaning: the cosine of their vectors, 0..1. Each pair stands once, ``unit`` < ``other``."""

    __tablename__ = "semantic_pairs"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    other: Mapped[str] = mapped_column(primary_key=True)
    similarity: Mapped[float]

    __table_args__ = (
        CheckConstraint("unit < other", name="ordered"),
        Index("ix_semantic_pairs_project_id_other", "project_id", "other"),
    )
