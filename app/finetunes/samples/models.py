"""Sample outputs of a fine-tune."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class FineTuneSample(Base):
    """One output. ``number`` is the prompt's, from 0, the same through the whole fine-tune; ``prompt`` is exactly what
    the model reads, with the template's marks."""

    __tablename__ = "fine_tune_samples"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    fine_tune_id: Mapped[str] = mapped_column(ForeignKey("fine_tunes.id", ondelete="CASCADE"))
    step: Mapped[int]
    number: Mapped[int]
    source: Mapped[str]  # the file that it stands in: training_file or validation_file
    question: Mapped[str]
    prompt: Mapped[str]
    expected: Mapped[str]
    output: Mapped[str]
    finished: Mapped[bool]  # False: cut at the limit, it did not end by itself

    __table_args__ = (UniqueConstraint("fine_tune_id", "step", "number"),)
