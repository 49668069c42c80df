"""All SQL of tries."""

from collections.abc import Collection, Sequence

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import TestCase, TestSet
from app.evals.blind import hidden_from
from app.evals.models import EvalRun, Grade, Output
from app.evals.tries.models import GraderTry

RUNS_SHOWN = 50


def one(session: Session, project_id: str, user_id: str, try_id: str) -> GraderTry:
    """A try of this person's: others would see outputs in it, and verdicts, that may be kept from them."""
    query = select(GraderTry).where(
        GraderTry.project_id == project_id, GraderTry.created_by == user_id, GraderTry.id == try_id
    )
    found = session.scalar(query) if is_id(try_id) else None
    if found is None:
        raise NotFound("This try")
    return found


def runs(session: Session, project_id: str, user_id: str) -> Sequence[Row[str, int, str, str]]:
    """(id, number, candidate, test set) of finished runs that this person may see, newest first."""
    return session.execute(
        select(EvalRun.id, EvalRun.number, Candidate.name, TestSet.name)
        .join(Candidate, Candidate.id == EvalRun.candidate_id)
        .join(TestSet, TestSet.id == EvalRun.test_set_id)
        .where(EvalRun.project_id == project_id, EvalRun.status == "succeeded", ~hidden_from(user_id))
        .order_by(EvalRun.id.desc())
        .limit(RUNS_SHOWN)
    ).all()


def mixed(session: Session, run_id: str, hidden: Collection[str], count: int, turn: int) -> list[str]:
    """Complete outputs of a run, those that failed and those that passed before in turn, failed ones first.

    ``turn`` shuffles: the same number gives the same outputs. ``hidden`` ones are left out.
    """
    bad = select(Grade.output_id).where(Grade.output_id == Output.id, Grade.passed.is_not(True)).exists()
    mark = func.md5(func.concat(Output.id, ":", turn))
    place = func.row_number().over(partition_by=bad, order_by=mark)
    query = select(Output.id).where(Output.run_id == run_id, Output.status == "complete")
    if hidden:
        query = query.where(Output.id.not_in(hidden))
    return list(session.scalars(query.order_by(place, case((bad, 0), else_=1)).limit(count)))


def outputs(session: Session, output_ids: Sequence[str]) -> list[Row[TestCase, Output]]:
    """(case, output), in the order of the ids; those that are gone are left out."""
    query = select(TestCase, Output).join(Output, Output.case_id == TestCase.id).where(Output.id.in_(output_ids))
    found = {row[1].id: row for row in session.execute(query)}
    return [found[output_id] for output_id in output_ids if output_id in found]


def passed_before(session: Session, output_ids: Sequence[str]) -> dict[str, bool]:
    """Whether all grades that an output has in its run passed; ungraded ones are left out."""
    query = select(Grade.output_id, func.coalesce(func.bool_and(Grade.passed), False)).group_by(Grade.output_id)
    return {row[0]: row[1] for row in session.execute(query.where(Grade.output_id.in_(output_ids)))}
