"""What a fine-tune is validated with."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Validation(Base):
    """The validation file of a launch: another frozen version, or a share of its own that is held back from training.

    ``sha256`` and ``rows`` are of the exact bytes; the worker sends no others.
    """

    __tablename__ = "fine_tune_validations"
    fine_tune_id: Mapped[str] = mapped_column(ForeignKey("fine_tunes.id", ondelete="CASCADE"), primary_key=True)
    dataset_version_id: Mapped[str | None] = mapped_column(ForeignKey("dataset_versions.id"))
    share: Mapped[float | None]
    sha256: Mapped[str]
    rows: Mapped[int]
    provider_file_id: Mapped[str | None]

    __table_args__ = (CheckConstraint("(dataset_version_id is null) <> (share is null)", name="one_source"),)
