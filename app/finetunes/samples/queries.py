"""SQL of sample outputs."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.finetunes.models import FineTune
from app.finetunes.samples.models import FineTuneSample
from app.finetunes.samples.reading import Sample

NAMES = ("step", "number", "source", "question", "prompt", "expected", "output", "finished")


def store(session: Session, row: FineTune, samples: Sequence[Sample]) -> None:
    """Each once, whatever is told twice."""
    if not samples:
        return
    rows = [{name: getattr(one, name) for name in NAMES} | {"id": new_id(), "fine_tune_id": row.id} for one in samples]
    session.execute(insert(FineTuneSample).on_conflict_do_nothing(), rows)


def of(session: Session, fine_tune_id: str) -> Sequence[FineTuneSample]:
    query = select(FineTuneSample).where(FineTuneSample.fine_tune_id == fine_tune_id)
    return session.scalars(query.order_by(FineTuneSample.number, FineTuneSample.step)).all()
