"""All SQL that reads eval runs, outputs and graders."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Text, cast, func, literal, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import TestCase, TestSet
from app.evals.blind import hidden_from, refuse_if_blind
from app.evals.forms import OutputFilter
from app.evals.models import EvalRun, Grade, Grader, Output
from app.evals.offers import CaseTraits
from app.web.paging import Slice, cut, decode_cursor

RunRow = Row[EvalRun, str, str]


def run(session: Session, project_id: str, run_id: str, user_id: str) -> EvalRun:
    """The run; to somebody who votes blind on it, it does not exist."""
    query = select(EvalRun).where(EvalRun.project_id == project_id, EvalRun.id == run_id)
    found = session.scalar(query) if is_id(run_id) else None
    if found is None:
        raise NotFound("This run")
    refuse_if_blind(session, user_id, found.id)
    return found


def runs(session: Session, project_id: str, user_id: str, *, cursor: str | None, limit: int) -> Slice[RunRow]:
    """(run, candidate name, test set name), newest first."""
    query = (
        select(EvalRun, Candidate.name, TestSet.name)
        .join(Candidate, Candidate.id == EvalRun.candidate_id)
        .join(TestSet, TestSet.id == EvalRun.test_set_id)
        .where(EvalRun.project_id == project_id, ~hidden_from(user_id))
        .order_by(EvalRun.id.desc())
    )
    after = decode_cursor(cursor)
    if after:
        query = query.where(cast(EvalRun.id, Text) < str(after[0]))
    return cut(session.execute(query.limit(limit + 1)).all(), limit, lambda row: (row[0].id,))


def latest_complete(session: Session, project_id: str, candidate_id: str, test_set_id: str) -> EvalRun | None:
    """The newest finished run of a candidate on a set: what a comparison takes unless runs are named."""
    return session.scalar(
        select(EvalRun)
        .where(
            EvalRun.project_id == project_id,
            EvalRun.candidate_id == candidate_id,
            EvalRun.test_set_id == test_set_id,
            EvalRun.status == "succeeded",
        )
        .order_by(EvalRun.id.desc())
        .limit(1)
    )


def traits(session: Session, test_set_id: str) -> CaseTraits:
    """What the cases of a set can be checked for."""
    row = session.execute(
        text("""
        select count(*), count(*) filter (where expected ? 'label'), count(*) filter (where expected ? 'json'),
          count(*) filter (where behavior is not null), count(*) filter (where expected ? 'text'),
          count(*) filter (where expected ? 'instruction_id_list' or extra ? 'instruction_id_list'),
          count(*) filter (where expected ? 'tool_calls')
        from test_cases where test_set_id = :set
        """),
        {"set": test_set_id},
    ).one()
    return CaseTraits(*row)


def outputs(
    session: Session, run_id: str, wanted: OutputFilter, *, cursor: str | None, limit: int
) -> Slice[Row[TestCase, Output]]:
    """(case, output) in the order of the cases; an output passes when every one of its grades does."""
    query = (
        select(TestCase, Output)
        .join(Output, Output.case_id == TestCase.id)
        .where(Output.run_id == run_id)
        .order_by(TestCase.position, Output.repeat)
    )
    bad = select(Grade.output_id).where(Grade.output_id == Output.id, Grade.passed.is_not(True)).exists()
    graded = select(Grade.output_id).where(Grade.output_id == Output.id).exists()
    if wanted.outcome == "passed":
        query = query.where(graded, ~bad)
    elif wanted.outcome == "failed":
        query = query.where(graded, bad)
    elif wanted.outcome == "not_graded":
        query = query.where(~graded)
    if wanted.status:
        query = query.where(Output.status == wanted.status)
    if wanted.behavior:
        query = query.where(TestCase.behavior == wanted.behavior)
    if wanted.tag:
        query = query.where(TestCase.tags.contains([wanted.tag]))
    after = decode_cursor(cursor, 2)
    if after:
        position = func.row(TestCase.position, Output.repeat)
        query = query.where(position > func.row(literal(int(after[0])), literal(int(after[1]))))
    rows = session.execute(query.limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row[0].position, row[1].repeat))


def output(session: Session, run_id: str, output_id: str) -> Row[TestCase, Output]:
    query = select(TestCase, Output).join(Output, Output.case_id == TestCase.id).where(Output.run_id == run_id)
    row = session.execute(query.where(Output.id == output_id)).first() if is_id(output_id) else None
    if row is None:
        raise NotFound("This output")
    return row


def first_outputs(session: Session, run_id: str, case_ids: Sequence[str]) -> Sequence[Row[str, int, str]]:
    """(case, its position, its first output) of those cases that have one."""
    query = (
        select(Output.case_id, TestCase.position, Output.id)
        .join(TestCase, TestCase.id == Output.case_id)
        .where(Output.run_id == run_id, Output.case_id.in_(case_ids))
        .ext(distinct_on(Output.case_id))
    )
    return session.execute(query.order_by(Output.case_id, Output.repeat)).all()


def repeats_of(session: Session, run_id: str, case_id: str) -> Sequence[Row[str, int, str]]:
    """(output, repeat, status) of a case, in order."""
    query = select(Output.id, Output.repeat, Output.status).where(Output.run_id == run_id, Output.case_id == case_id)
    return session.execute(query.order_by(Output.repeat)).all()


def grades(session: Session, output_ids: Sequence[str]) -> dict[str, list[Grade]]:
    """Grades by output id, in the order of the graders' names."""
    found: dict[str, list[Grade]] = {output_id: [] for output_id in output_ids}
    for grade in session.scalars(select(Grade).where(Grade.output_id.in_(output_ids)).order_by(Grade.grader)):
        found[grade.output_id].append(grade)
    return found


def outcome_counts(session: Session, run_id: str) -> dict[str, int]:
    """Outputs by how they came back and by their grades."""
    row = session.execute(
        text("""
        select count(*) filter (where status = 'complete'), count(*) filter (where status = 'truncated'),
          count(*) filter (where status = 'failed'),
          count(*) filter (where g.graded and g.bad = 0), count(*) filter (where g.bad > 0)
        from outputs o left join lateral (
          select count(*) > 0 as graded, count(*) filter (where passed is not true) as bad
          from grades where output_id = o.id) g on true
        where run_id = :run
        """),
        {"run": run_id},
    ).one()
    return dict(zip(("complete", "truncated", "failed", "passed", "not_passed"), row, strict=True))


def behaviors(session: Session, run_id: str) -> Sequence[Row[Any]]:
    """For each output whose case expects a behaviour: what was expected, and the grade that names what was seen."""
    seen = (Grade.output_id == Output.id) & Grade.detail.has_key("expected") & Grade.detail.has_key("observed")
    expected = func.coalesce(TestCase.behavior, TestCase.expected["behavior"].astext).label("expected")
    return session.execute(
        select(
            Output.case_id,
            Output.status,
            Output.repeat,
            TestCase.group_unit,
            expected,
            Grade.grader,
            Grade.metric,
            Grade.passed,
            Grade.detail,
        )
        .join(TestCase, TestCase.id == Output.case_id)
        .outerjoin(Grade, seen)
        .where(Output.run_id == run_id, expected.is_not(None))
    ).all()


def tags(session: Session, test_set_id: str) -> Sequence[str]:
    """The tags that stand on the cases of a set, the most frequent first."""
    tag = func.unnest(TestCase.tags).label("tag")
    inner = select(tag).where(TestCase.test_set_id == test_set_id).subquery()
    query = select(inner.c.tag).group_by(inner.c.tag).order_by(func.count().desc(), inner.c.tag)
    return session.scalars(query.limit(100)).all()


def saved_graders(session: Session, project_id: str) -> Sequence[Grader]:
    """The newest version of each saved grader, by name."""
    newest = select(Grader).where(Grader.project_id == project_id).ext(distinct_on(Grader.name))
    return session.scalars(newest.order_by(Grader.name, Grader.version.desc())).all()


def versions(session: Session, project_id: str, name: str) -> Sequence[Row[Grader, str | None]]:
    """(version, name of who saved it) of the grader of that name, newest first."""
    query = select(Grader, User.name).outerjoin(User, User.id == Grader.created_by)
    query = query.where(Grader.project_id == project_id, Grader.name == name)
    return session.execute(query.order_by(Grader.version.desc())).all()


def grader(session: Session, project_id: str, grader_id: str) -> Grader:
    query = select(Grader).where(Grader.project_id == project_id, Grader.id == grader_id)
    found = session.scalar(query) if is_id(grader_id) else None
    if found is None:
        raise NotFound("This grader")
    return found


def expectations(session: Session, case_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = session.execute(select(TestCase.id, TestCase.expected).where(TestCase.id.in_(case_ids)))
    return {row[0]: row[1] for row in rows}


def costs(session: Session, run_id: str) -> tuple[float | None, float | None]:
    """(dollars of the whole run, of its judges alone): what is known of them, by outputs and by the ledger."""
    row = session.execute(
        text("""
        select o.cost + coalesce(j.cost, 0), o.cost, j.cost
        from (select sum(cost)::float8 as cost from outputs where run_id = :run) o,
          (select sum(cost)::float8 as cost from paid_calls where subject_id = :run and purpose = 'judge') j
        """),
        {"run": run_id},
    ).one()
    return (row[2] if row[1] is None else row[0]), row[2]
