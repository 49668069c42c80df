"""All SQL of calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.datasets.models import TestCase
from app.evals.calibration.models import CalibrationItem, CalibrationMark, CalibrationSample
from app.evals.judges.models import JudgementRow
from app.evals.models import Output


@dataclass(frozen=True)
class Marked:
    """One output of a sample with what each person said of it."""

    case: TestCase
    output: Output
    part: str
    position: int
    choices: Sequence[str | None]


def samples(session: Session, project_id: str, grader: str) -> Sequence[CalibrationSample]:
    """Those drawn for the grader of that name, newest first."""
    query = select(CalibrationSample).where(
        CalibrationSample.project_id == project_id, CalibrationSample.grader == grader
    )
    return session.scalars(query.order_by(CalibrationSample.id.desc())).all()


def marked(session: Session, sample_ids: Sequence[str], part: str | None = None) -> list[Marked]:
    """Outputs that at least one person marked."""
    marks = func.array_agg(CalibrationMark.choice).label("marks")
    query = (
        select(TestCase, Output, CalibrationItem.part, CalibrationItem.position, marks)
        .join(Output, Output.case_id == TestCase.id)
        .join(CalibrationItem, CalibrationItem.output_id == Output.id)
        .join(
            CalibrationMark,
            (CalibrationMark.output_id == Output.id) & (CalibrationMark.sample_id == CalibrationItem.sample_id),
        )
        .where(CalibrationItem.sample_id.in_(sample_ids))
        .group_by(TestCase.id, Output.id, CalibrationItem.sample_id, CalibrationItem.part, CalibrationItem.position)
        .order_by(CalibrationItem.sample_id, CalibrationItem.position)
    )
    if part:
        query = query.where(CalibrationItem.part == part)
    return [Marked(*row) for row in session.execute(query)]


def models_of(session: Session, judge_keys: Sequence[str], *, run_id: str | None = None) -> set[str]:
    """The models that answered as these judges, as the provider names them: in a run, or on marked outputs."""
    query = (
        select(JudgementRow.model_returned)
        .distinct()
        .where(JudgementRow.judge.in_(judge_keys), JudgementRow.model_returned.is_not(None))
    )
    if run_id:
        query = query.where(JudgementRow.run_id == run_id)
    else:
        query = query.where(JudgementRow.output_id.in_(select(CalibrationMark.output_id)))
    return {model for model in session.scalars(query) if model}
