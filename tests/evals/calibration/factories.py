"""A judged run with a sample drawn from it, and people who mark it."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.evals.calibration import drawing, marking
from app.evals.calibration.forms import NewMark, NewSample
from app.evals.calibration.models import CalibrationItem, CalibrationSample
from app.evals.models import EvalRun, Output
from app.projects.access import Access
from app.projects.models import Project


def draw(
    session: Session, user: User, project: Project, run: EvalRun, grader: str, size: int = 40, share: float = 0.2
) -> CalibrationSample:
    new = NewSample(run_id=run.id, grader=grader, size=size, rubric_share=share)
    sample = drawing.draw(session, Access(user, project, "engineer"), new)
    session.commit()
    return sample


def mark_all(
    session: Session, user: User, project: Project, sample: CalibrationSample, say: Callable[[str, int], str | None]
) -> None:
    """``say(text of the output, its position)`` is what this person says of each output."""
    access = Access(user, project, "annotator")
    rows = session.execute(
        select(Output.id, Output.text, CalibrationItem.position)
        .join(CalibrationItem, CalibrationItem.output_id == Output.id)
        .where(CalibrationItem.sample_id == sample.id)
        .order_by(CalibrationItem.position)
    )
    for output_id, text, position in rows.all():
        new = NewMark(output_id=output_id, choice=say(text or "", position), seconds=4)
        marking.mark(session, access, sample, new)
    session.commit()
