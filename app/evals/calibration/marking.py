"""People mark outputs, one after the other, without seeing what a judge said."""

from dataclasses import dataclass

from sqlalchemy import Row, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import is_id
from app.datasets.models import TestCase
from app.evals import blind
from app.evals.calibration.forms import NewMark
from app.evals.calibration.models import CalibrationItem, CalibrationMark, CalibrationSample
from app.evals.models import Output, RunView
from app.projects.access import Access


@dataclass(frozen=True)
class Progress:
    done: int
    total: int


def sample_of(session: Session, access: Access, sample_id: str) -> CalibrationSample:
    query = select(CalibrationSample).where(
        CalibrationSample.project_id == access.project.id, CalibrationSample.id == sample_id
    )
    found = session.scalar(query) if is_id(sample_id) else None
    if found is None:
        raise NotFound("This sample")
    blind.refuse_if_blind(session, access.user.id, found.run_id)  # a sample is of one run: it would say whose is whose
    return found


def next_one(session: Session, sample: CalibrationSample, user_id: str) -> Row[TestCase, Output] | None:
    """The first output that this person has not marked."""
    said = exists().where(
        CalibrationMark.sample_id == CalibrationItem.sample_id,
        CalibrationMark.output_id == CalibrationItem.output_id,
        CalibrationMark.user_id == user_id,
    )
    query = (
        select(TestCase, Output)
        .join(Output, Output.case_id == TestCase.id)
        .join(CalibrationItem, CalibrationItem.output_id == Output.id)
        .where(CalibrationItem.sample_id == sample.id, ~said)
        .order_by(CalibrationItem.position)
    )
    return session.execute(query.limit(1)).first()


def mark(session: Session, access: Access, sample: CalibrationSample, new: NewMark) -> None:
    """One mark a person and output. The same again changes nothing; another one must be taken back first."""
    if new.choice is not None and new.choice not in sample.choices:
        raise Invalid.field("choice", f"Choose one of: {', '.join(sample.choices)}.")
    item = session.get(CalibrationItem, (sample.id, new.output_id)) if is_id(new.output_id) else None
    if item is None:
        raise NotFound("This output")
    user_id = access.user.id
    # opened after the draw, the run's pages hide what judges said of outputs that one has still to mark
    seen = exists().where(RunView.run_id == sample.run_id, RunView.user_id == user_id, RunView.at < sample.created_at)
    values = {
        "sample_id": sample.id,
        "output_id": new.output_id,
        "user_id": user_id,
        "choice": new.choice,
        "note": new.note,
        "seconds": new.seconds,
        "saw_run": bool(session.scalar(select(seen))),
    }
    added = insert(CalibrationMark).values(values).on_conflict_do_nothing().returning(CalibrationMark.output_id)
    if session.execute(added).first() is None:
        there = session.get(CalibrationMark, (sample.id, new.output_id, user_id))
        if there is None or there.choice != new.choice:
            raise Conflict("You marked this output already: undo that mark first.")


def take_back_last(session: Session, sample: CalibrationSample, user_id: str) -> None:
    """The newest mark of this person goes, and its output is the next one again."""
    mine = (CalibrationMark.sample_id == sample.id, CalibrationMark.user_id == user_id)
    newest = select(CalibrationMark.output_id).where(*mine).order_by(CalibrationMark.created_at.desc()).limit(1)
    gone = delete(CalibrationMark).where(*mine, CalibrationMark.output_id == newest.scalar_subquery())
    session.execute(gone, execution_options={"synchronize_session": False})


def progress(session: Session, sample: CalibrationSample, user_id: str) -> Progress:
    total = select(func.count()).where(CalibrationItem.sample_id == sample.id)
    done = select(func.count()).where(CalibrationMark.sample_id == sample.id, CalibrationMark.user_id == user_id)
    return Progress(session.scalar(done) or 0, session.scalar(total) or 0)
