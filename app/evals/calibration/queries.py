"""All SQL of calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.datasets.models import TestCase
from app.evals.blind import hidden_from
from app.evals.calibration.models import CalibrationItem, CalibrationMark, CalibrationSample
from app.evals.judges.models import JudgementRow
from app.evals.models import EvalRun, Output


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


def people(session: Session, sample_id: str) -> Sequence[Row[str, int, int, float | None]]:
    """(name, marks, marks of somebody who had opened the run's outputs before, median seconds), most marks first."""
    count = func.count()
    return session.execute(
        select(
            User.name,
            count,
            count.filter(CalibrationMark.saw_run),
            func.percentile_cont(0.5).within_group(CalibrationMark.seconds),
        )
        .join(User, User.id == CalibrationMark.user_id)
        .where(CalibrationMark.sample_id == sample_id)
        .group_by(User.id, User.name)
        .order_by(count.desc(), User.name)
    ).all()


def ratings(session: Session, sample_id: str) -> list[list[str | None]]:
    """What each person said of each output, one row an output: for how far people agree among themselves."""
    rows = session.execute(
        select(CalibrationMark.output_id, CalibrationMark.user_id, CalibrationMark.choice).where(
            CalibrationMark.sample_id == sample_id
        )
    ).all()
    places = {user_id: place for place, user_id in enumerate(sorted({row.user_id for row in rows}))}
    table: dict[str, list[str | None]] = {}
    for row in rows:
        table.setdefault(row.output_id, [None] * len(places))[places[row.user_id]] = row.choice
    return list(table.values())


def part_sizes(session: Session, sample_id: str) -> dict[str, int]:
    query = select(CalibrationItem.part, func.count()).where(CalibrationItem.sample_id == sample_id)
    return {row[0]: row[1] for row in session.execute(query.group_by(CalibrationItem.part))}


def listed(session: Session, project_id: str, user_id: str) -> Sequence[Row[CalibrationSample, int, int, int]]:
    """(sample, number of its run, outputs, outputs that this person marked), newest first."""
    outputs = select(func.count()).where(CalibrationItem.sample_id == CalibrationSample.id).scalar_subquery()
    mine = (
        select(func.count())
        .where(CalibrationMark.sample_id == CalibrationSample.id, CalibrationMark.user_id == user_id)
        .scalar_subquery()
    )
    return session.execute(
        select(CalibrationSample, EvalRun.number, outputs, mine)
        .join(EvalRun, EvalRun.id == CalibrationSample.run_id)
        .where(CalibrationSample.project_id == project_id, ~hidden_from(user_id))
        .order_by(CalibrationSample.id.desc())
        .limit(200)
    ).all()


def judges_measured(session: Session, sample_id: str) -> int:
    """How many judges (or versions of one) have judged these outputs: each look at the same marks wears them."""
    items = select(CalibrationItem.output_id).where(CalibrationItem.sample_id == sample_id)
    query = select(func.count(JudgementRow.judge.distinct())).where(JudgementRow.output_id.in_(items))
    return session.scalar(query) or 0


def newest_snapshot(session: Session, project_id: str, grader: str) -> dict[str, Any] | None:
    """The grader of that name as the newest run has it."""
    named = EvalRun.graders.contains([{"name": grader}])
    query = select(EvalRun.graders).where(EvalRun.project_id == project_id, named).order_by(EvalRun.id.desc())
    graders = session.scalar(query.limit(1))
    return next((raw for raw in graders or [] if raw["name"] == grader), None)


def unmarked(session: Session, run_id: str, user_id: str) -> set[str]:
    """Outputs of a run that this person is still to mark: what judges say of them is kept from them."""
    said = exists().where(
        CalibrationMark.sample_id == CalibrationItem.sample_id,
        CalibrationMark.output_id == CalibrationItem.output_id,
        CalibrationMark.user_id == user_id,
    )
    query = (
        select(CalibrationItem.output_id)
        .join(CalibrationSample, CalibrationSample.id == CalibrationItem.sample_id)
        .where(CalibrationSample.run_id == run_id, ~said)
    )
    return set(session.scalars(query))
