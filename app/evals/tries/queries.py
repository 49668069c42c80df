"""All SQL of tries."""

from collections.abc import Collection, Sequence

from sqlalchemy import Row, case, func, select, text
from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import TestCase, TestSet
from app.evals.blind import hidden_from
from app.evals.models import EvalRun, Grade, Output
from app.evals.tries.models import GraderTry

RUNS_SHOWN = 50
UNKNOWN = text("""
select count(*), coalesce(sum(cost_estimate), 0)::float8 from paid_calls where subject_id = :try and state = 'unknown'
""")
# the newest attempt of each call whose answer was lost on the way
RESEND = text("""
insert into paid_calls (id, project_id, provider_id, subject_id, purpose, item, attempt, state, cost_estimate)
select gen_random_uuid(), project_id, provider_id, subject_id, purpose, item, attempt + 1, 'planned', cost_estimate
from paid_calls where subject_id = :try and state = 'unknown' returning item
""")
DECIDE = text("""
update paid_calls set state = 'accepted', decided_by = :user, finished_at = clock_timestamp()
where subject_id = :try and state = 'unknown'
""")


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


def unknown(session: Session, try_id: str) -> tuple[int, float]:
    """Calls that may have been billed without an answer, and what they may have cost."""
    count, dollars = session.execute(UNKNOWN, {"try": try_id}).one()
    return int(count), float(dollars)


def resend_unknown(session: Session, try_id: str, user_id: str) -> list[str]:
    """Plan those calls once more; answers their items."""
    items = list(session.scalars(RESEND, {"try": try_id}))
    accept_unknown(session, try_id, user_id)
    return items


def accept_unknown(session: Session, try_id: str, user_id: str) -> None:
    """Take the loss: nothing is sent again."""
    session.execute(DECIDE, {"try": try_id, "user": user_id})
