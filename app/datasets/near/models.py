"""Prompts that have been compared with all others, and the pairs that were found near."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class ScannedUnit(Base):
    """A prompt fingerprint with the signature that it was compared by; the text is that of the revision or case.

    ``bands`` and the three figures beside it are explained in ``signatures.py``. A row of another version counts as
    not scanned. The running role cannot take one away: a dataset version's items refer to it.
    """

    __tablename__ = "scanned_units"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    version: Mapped[int] = mapped_column(SmallInteger)
    permutations: Mapped[int] = mapped_column(SmallInteger)
    seed: Mapped[int]
    bands: Mapped[bytes] = mapped_column(LargeBinary)
    revision_id: Mapped[str | None] = mapped_column(Id)
    case_id: Mapped[str | None] = mapped_column(Id)

    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "unit"],
            ["split_assignments.project_id", "split_assignments.unit"],
            name="fk_scanned_units_split_assignments",
        ),
    )


class NearLink(Base):
    """Two units whose prompts are near-duplicates; ``similarity`` is the share of words (or letters) in common.

    ``separated_at``: somebody said that the two are not duplicates. A trigger refuses that once one of them is held
    out for testing, and lets nobody take a link away.
    """

    __tablename__ = "near_links"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    other: Mapped[str] = mapped_column(primary_key=True)
    similarity: Mapped[float]
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    separated_at: Mapped[datetime | None]
    separated_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        CheckConstraint("unit < other", name="order"),
        ForeignKeyConstraint(
            ["project_id", "unit"], ["scanned_units.project_id", "scanned_units.unit"], name="fk_near_links_unit"
        ),
        ForeignKeyConstraint(
            ["project_id", "other"], ["scanned_units.project_id", "scanned_units.unit"], name="fk_near_links_other"
        ),
        Index("ix_near_links_project_id_other", "project_id", "other"),
    )
