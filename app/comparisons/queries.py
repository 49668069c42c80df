"""All SQL of comparisons. Numbers of every case come as plain rows; texts only for the cases that are shown."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, case, exists, func, select
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by, distinct_on, insert
from sqlalchemy.orm import Session

from app.candidates.models import Candidate, MakingCost
from app.comparisons.models import ComparisonResult
from app.datasets.models import TestCase
from app.evals.blind import hidden_from
from app.evals.models import EvalRun, Grade, Output, RunView
from app.examples.models import Example

MOST_RUNS = 200  # on one page
OPEN = ("queued", "running", "paused", "needs_decision")


def latest_runs(session: Session, project_id: str, candidate_ids: Sequence[str]) -> dict[tuple[str, str], EvalRun]:
    """The newest complete run by (candidate, test set)."""
    found = session.scalars(
        select(EvalRun)
        .where(
            EvalRun.project_id == project_id,
            EvalRun.candidate_id.in_(candidate_ids),
            EvalRun.status == "succeeded",
        )
        .ext(distinct_on(EvalRun.candidate_id, EvalRun.test_set_id))
        .order_by(EvalRun.candidate_id, EvalRun.test_set_id, EvalRun.id.desc())
    )
    return {(run.candidate_id, run.test_set_id): run for run in found}


def open_run(session: Session, project_id: str, candidate_id: str, test_set_id: str) -> EvalRun | None:
    """The newest run that has not ended."""
    return session.scalar(
        select(EvalRun)
        .where(
            EvalRun.project_id == project_id,
            EvalRun.candidate_id == candidate_id,
            EvalRun.test_set_id == test_set_id,
            EvalRun.status.in_(OPEN),
        )
        .order_by(EvalRun.id.desc())
        .limit(1)
    )


def runs_on(session: Session, project_id: str, user_id: str, test_set_id: str) -> list[tuple[EvalRun, str]]:
    """(run, candidate's name) of the finished runs on a set, oldest first, without those that this person votes on."""
    rows = session.execute(
        select(EvalRun, Candidate.name)
        .join(Candidate, Candidate.id == EvalRun.candidate_id)
        .where(
            EvalRun.project_id == project_id,
            EvalRun.test_set_id == test_set_id,
            EvalRun.status == "succeeded",
            Candidate.archived_at.is_(None),
            ~hidden_from(user_id),
        )
        .order_by(EvalRun.id.desc())
        .limit(MOST_RUNS)
    ).all()
    return [(row[0], row[1]) for row in reversed(rows)]


def rival(session: Session, project_id: str, baseline_id: str) -> Candidate | None:
    """Whom to compare with the baseline unless told: the newest tuned candidate, else the newest measured one, else
    the newest."""
    measured = select(EvalRun.id).where(EvalRun.candidate_id == Candidate.id, EvalRun.status == "succeeded").exists()
    rank = case((Candidate.origin == "fine_tune", 0), (measured, 1), else_=2)
    return session.scalar(
        select(Candidate)
        .where(Candidate.project_id == project_id, Candidate.id != baseline_id, Candidate.archived_at.is_(None))
        .order_by(rank, Candidate.id.desc())
        .limit(1)
    )


def making(session: Session, candidate_id: str) -> tuple[float, float]:
    """(training, evaluation) of a candidate in dollars. The cost of a run holds that of its judges."""
    row = session.execute(
        select(
            select(MakingCost.training).where(MakingCost.candidate_id == candidate_id).scalar_subquery(),
            select(func.sum(EvalRun.cost)).where(EvalRun.candidate_id == candidate_id).scalar_subquery(),
        )
    ).one()
    training, evaluation = (float(value or 0.0) for value in row)
    return training, evaluation


def seen(session: Session, user_id: str, run_ids: Sequence[str]) -> bool:
    """Whether this person has read outputs of one of the runs before."""
    return session.scalar(select(exists().where(RunView.user_id == user_id, RunView.run_id.in_(run_ids)))) or False


def cases(session: Session, set_id: str) -> Sequence[tuple[str, str, int, str, str | None, list[str]]]:
    """(id, test set, position, group, expected behaviour, tags) of every case, in their order. As one JSON value: row
    by row it would take three times as long."""
    behavior = func.coalesce(TestCase.behavior, TestCase.expected["behavior"].astext)
    one = func.json_build_array(
        TestCase.id, TestCase.test_set_id, TestCase.position, TestCase.group_unit, behavior, TestCase.tags
    )
    ordered = aggregate_order_by(one, TestCase.position)
    query = select(func.json_agg(ordered, type_=JSON)).where(TestCase.test_set_id == set_id)
    return session.scalar(query) or []


def requests(session: Session, set_ids: Sequence[str]) -> Sequence[Row[str, list[Any], str | None]]:
    """(id, messages, source) of every case; the source is the example's where the case is a copy of one."""
    source = func.coalesce(TestCase.extra["source"].astext, Example.source)
    return session.execute(
        select(TestCase.id, TestCase.messages, source)
        .outerjoin(Example, Example.id == TestCase.example_id)
        .where(TestCase.test_set_id.in_(set_ids))
    ).all()


def kept(session: Session, key: str) -> dict[str, Any] | None:
    return session.scalar(select(ComparisonResult.payload).where(ComparisonResult.key == key))


def keep(session: Session, project_id: str, key: str, payload: dict[str, Any]) -> None:
    """Two that work out the same at the same time keep the same."""
    query = insert(ComparisonResult).values(key=key, project_id=project_id, payload=payload)
    session.execute(query.on_conflict_do_update(index_elements=["key"], set_={"payload": payload}))


def outputs(
    session: Session, run_id: str
) -> Sequence[Row[str, str, int, str, float | None, float | None, float | None, str | None]]:
    """(id, case, repeat, status, latency and time to the first token in ms, cost in dollars, whose copy it is) of a
    run, without the texts."""
    measured = (Output.latency_ms, Output.first_token_ms, Output.cost, Output.reused_from)
    query = select(Output.id, Output.case_id, Output.repeat, Output.status, *measured)
    return session.execute(query.where(Output.run_id == run_id)).all()


def grades(session: Session, run_id: str) -> Sequence[Row[str, str, str, bool | None]]:
    """(output, grader, metric, passed) of a run."""
    return session.execute(
        select(Grade.output_id, Grade.grader, Grade.metric, Grade.passed)
        .join(Output, Output.id == Grade.output_id)
        .where(Output.run_id == run_id)
    ).all()


def case_texts(session: Session, case_ids: Sequence[str]) -> dict[str, TestCase]:
    return {row.id: row for row in session.scalars(select(TestCase).where(TestCase.id.in_(case_ids)))}


def output_texts(session: Session, run_ids: Sequence[str], case_ids: Sequence[str]) -> dict[str, list[Output]]:
    """Outputs by case, in the order of the repeats; the runs are of one candidate, each on a set of its own."""
    found: dict[str, list[Output]] = {}
    query = select(Output).where(Output.run_id.in_(run_ids), Output.case_id.in_(case_ids))
    for output in session.scalars(query.order_by(Output.case_id, Output.repeat)):
        found.setdefault(output.case_id, []).append(output)
    return found


def case_of(session: Session, project_id: str, case_id: str) -> TestCase | None:
    return session.scalar(select(TestCase).where(TestCase.project_id == project_id, TestCase.id == case_id))


def answers_to(session: Session, case_id: str, user_id: str) -> Sequence[Row[EvalRun, Output, str]]:
    """(run, output, candidate's name) of the finished runs that answered a case, newest first, without those that this
    person votes on."""
    return session.execute(
        select(EvalRun, Output, Candidate.name)
        .join(Output, Output.run_id == EvalRun.id)
        .join(Candidate, Candidate.id == EvalRun.candidate_id)
        .where(Output.case_id == case_id, Output.repeat == 0, EvalRun.status == "succeeded", ~hidden_from(user_id))
        .order_by(EvalRun.id.desc())
        .limit(50)
    ).all()
