"""SQL of the adviser: what is stored about failed cases, and what people said of them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.datasets.models import TestCase
from app.decisions.adviser.models import FailureCause
from app.evals.blind import hidden_from
from app.evals.models import EvalRun, Grade, Output
from app.examples.models import Example, Revision
from app.examples.queries import one_of, one_of_ids


def baseline_runs(session: Session, project_id: str, user_id: str, candidate_id: str) -> dict[str, EvalRun]:
    """The newest complete run by test set, without those that this person votes on."""
    found = session.scalars(
        select(EvalRun)
        .where(
            EvalRun.project_id == project_id,
            EvalRun.candidate_id == candidate_id,
            EvalRun.status == "succeeded",
            ~hidden_from(user_id),
        )
        .ext(distinct_on(EvalRun.test_set_id))
        .order_by(EvalRun.test_set_id, EvalRun.id.desc())
    )
    return {run.test_set_id: run for run in found}


def common(session: Session, test_set_id: str) -> Sequence[Row[str, list[str], str | None, str | None]]:
    """(case, tags, expected behaviour, expected label) of every case of a set."""
    behavior = func.coalesce(TestCase.behavior, TestCase.expected["behavior"].astext)
    query = select(TestCase.id, TestCase.tags, behavior, TestCase.expected["label"].astext)
    return session.execute(query.where(TestCase.test_set_id == test_set_id).order_by(TestCase.position)).all()


def cases(session: Session, case_ids: Sequence[str]) -> dict[str, TestCase]:
    return {row.id: row for row in session.scalars(select(TestCase).where(one_of_ids(TestCase.id, case_ids)))}


def outputs(session: Session, run_id: str, case_ids: Sequence[str]) -> dict[str, list[Output]]:
    """By case, in the order of the repeats."""
    found: dict[str, list[Output]] = {}
    query = select(Output).where(Output.run_id == run_id, one_of_ids(Output.case_id, case_ids))
    for output in session.scalars(query.order_by(Output.case_id, Output.repeat)):
        found.setdefault(output.case_id, []).append(output)
    return found


def failed_grades(session: Session, run_id: str) -> dict[str, list[Grade]]:
    """By case the grades that were not passed, each grader once: of the first repeat that failed it."""
    query = select(Output.case_id, Grade).join(Grade, Grade.output_id == Output.id)
    query = query.where(Output.run_id == run_id, Grade.passed.is_(False), Output.status == "complete")
    found: dict[str, dict[str, Grade]] = {}
    for case_id, grade in session.execute(query.order_by(Output.repeat, Grade.grader)):
        found.setdefault(case_id, {}).setdefault(grade.grader, grade)
    return {case_id: list(grades.values()) for case_id, grades in found.items()}


def asked_again(session: Session, project_id: str, units: Sequence[str]) -> set[str]:
    """Those of the prompts that a living example has."""
    query = select(Example.fingerprint_unit).where(Example.project_id == project_id, Example.deleted_at.is_(None))
    return set(session.scalars(query.where(one_of(Example.fingerprint_unit, units))))


def conflicting(session: Session, case_ids: Sequence[str]) -> dict[str, int]:
    """By case the number of another example that asks the same and expects another label or behaviour."""
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    wanted, here = TestCase.expected["label"].astext, Revision.expected["label"].astext
    query = (
        select(TestCase.id, func.min(Example.number))
        .join(
            Example,
            and_(
                Example.project_id == TestCase.project_id,
                Example.fingerprint_unit == TestCase.fingerprint_unit,
                Example.deleted_at.is_(None),
                Example.status != "rejected",
                Example.id.is_distinct_from(TestCase.example_id),
            ),
        )
        .join(Revision, current)
        .where(one_of_ids(TestCase.id, case_ids), or_(wanted != here, TestCase.behavior != Example.behavior))
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(TestCase.id))}


def said(session: Session, project_id: str, hashes: Sequence[str]) -> dict[str, tuple[FailureCause, str]]:
    """(newest word, who said it) by the hash of the case; what was taken back is not among them."""
    query = (
        select(FailureCause, User.name)
        .join(User, User.id == FailureCause.set_by)
        .where(FailureCause.project_id == project_id, one_of(FailureCause.content_hash, hashes))
        .ext(distinct_on(FailureCause.content_hash))
        .order_by(FailureCause.content_hash, FailureCause.id.desc())
    )
    return {row[0].content_hash: (row[0], row[1]) for row in session.execute(query) if row[0].cause is not None}


def last_change(session: Session, project_id: str, user_id: str) -> str | None:
    """The person's newest change that is neither an undo nor undone."""
    mine = [FailureCause.project_id == project_id, FailureCause.set_by == user_id]
    undone = select(FailureCause.undoes).where(*mine, FailureCause.undoes.is_not(None))
    query = select(FailureCause.change_id).where(
        *mine, FailureCause.undoes.is_(None), FailureCause.change_id.not_in(undone)
    )
    return session.scalar(query.order_by(FailureCause.id.desc()).limit(1))


def of_change(session: Session, project_id: str, change_id: str) -> Sequence[FailureCause]:
    query = select(FailureCause).where(FailureCause.project_id == project_id, FailureCause.change_id == change_id)
    return session.scalars(query.order_by(FailureCause.id)).all()


def undone(session: Session, change_id: str) -> bool:
    return session.scalar(select(FailureCause.id).where(FailureCause.undoes == change_id).limit(1)) is not None


def before(session: Session, project_id: str, rows: Sequence[FailureCause]) -> Mapping[str, FailureCause]:
    """By the hash of the case what was said last before these rows (of one change)."""
    first = min(row.id for row in rows)
    query = (
        select(FailureCause)
        .where(
            FailureCause.project_id == project_id,
            FailureCause.content_hash.in_([row.content_hash for row in rows]),
            FailureCause.id < first,
        )
        .ext(distinct_on(FailureCause.content_hash))
        .order_by(FailureCause.content_hash, FailureCause.id.desc())
    )
    return {row.content_hash: row for row in session.scalars(query)}


def newest(session: Session, project_id: str, hashes: Sequence[str]) -> dict[str, str]:
    """By the hash of the case the id of the row that counts, taken back or not."""
    query = (
        select(FailureCause.content_hash, FailureCause.id)
        .where(FailureCause.project_id == project_id, FailureCause.content_hash.in_(hashes))
        .ext(distinct_on(FailureCause.content_hash))
        .order_by(FailureCause.content_hash, FailureCause.id.desc())
    )
    return {row[0]: row[1] for row in session.execute(query)}


def approved(session: Session, project_id: str) -> int:
    """Approved examples that may be trained on."""
    query = select(func.count()).select_from(Example)
    return (
        session.scalar(
            query.where(
                Example.project_id == project_id,
                Example.deleted_at.is_(None),
                Example.status == "approved",
                Example.split == "train",
            )
        )
        or 0
    )


def lock(session: Session, project_id: str) -> None:
    """Until the transaction ends nobody else says a cause in this project: what is undone is still the newest."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"causes:{project_id}", 0))))
