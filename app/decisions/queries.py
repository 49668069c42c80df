"""All SQL of decisions. Who votes blind on a run sees no signed verdict that names it until the round is closed."""

from collections.abc import Sequence

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import TestSet
from app.decisions.models import GateSet, SignedVerdict
from app.evals.blind import hidden_among
from app.finetunes.models import FineTune
from app.projects.models import Project
from app.web.paging import Slice, cut, decode_cursor

VerdictRow = Row[SignedVerdict, str]


def gate_sets(session: Session, project_id: str) -> Sequence[Row[GateSet, str | None]]:
    """(version, who set it), newest first."""
    return session.execute(
        select(GateSet, User.name)
        .outerjoin(User, User.id == GateSet.created_by)
        .where(GateSet.project_id == project_id)
        .order_by(GateSet.number.desc())
        .limit(100)
    ).all()


def next_number(session: Session, project_id: str) -> int:
    """Takes the project's row, so that two people cannot make the same version."""
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    latest = session.scalar(select(func.max(GateSet.number)).where(GateSet.project_id == project_id))
    return (latest or 0) + 1


def latest_sign_off(
    session: Session, project_id: str, user_id: str, baseline_id: str, candidate_id: str
) -> VerdictRow | None:
    return session.execute(
        select(SignedVerdict, User.name)
        .join(User, User.id == SignedVerdict.signed_by)
        .where(
            SignedVerdict.project_id == project_id,
            SignedVerdict.baseline_id == baseline_id,
            SignedVerdict.candidate_id == candidate_id,
            ~hidden_among(SignedVerdict.run_ids, user_id),
        )
        .order_by(SignedVerdict.id.desc())
        .limit(1)
    ).first()


def verdicts(session: Session, project_id: str, user_id: str, cursor: str | None, limit: int) -> Slice[VerdictRow]:
    """(verdict, who signed it), newest first."""
    query = (
        select(SignedVerdict, User.name)
        .join(User, User.id == SignedVerdict.signed_by)
        .where(SignedVerdict.project_id == project_id, ~hidden_among(SignedVerdict.run_ids, user_id))
    )
    after = decode_cursor(cursor)
    if after and is_id(str(after[0])):
        query = query.where(SignedVerdict.id < str(after[0]))
    rows = session.execute(query.order_by(SignedVerdict.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row[0].id,))


def verdict(session: Session, project_id: str, user_id: str, verdict_id: str) -> VerdictRow:
    query = (
        select(SignedVerdict, User.name)
        .join(User, User.id == SignedVerdict.signed_by)
        .where(
            SignedVerdict.project_id == project_id,
            SignedVerdict.id == verdict_id,
            ~hidden_among(SignedVerdict.run_ids, user_id),
        )
    )
    found = session.execute(query).first() if is_id(verdict_id) else None
    if found is None:
        raise NotFound("This verdict")
    return found


def overrides(session: Session, candidate_ids: Sequence[str]) -> Sequence[Row[str, int, str]]:
    """(id, number, reason) of the launches that went on against a blocker and made one of these candidates."""
    made = select(Candidate.fine_tune_id).where(Candidate.id.in_(candidate_ids))  # checkpoints that were promoted too
    query = select(FineTune.id, FineTune.number, FineTune.override_reason).where(
        or_(FineTune.candidate_id.in_(candidate_ids), FineTune.id.in_(made)), FineTune.override_reason.is_not(None)
    )
    return session.execute(query.order_by(FineTune.number)).all()  # type: ignore[return-value]


def candidate_named(session: Session, project_id: str, name: str) -> str | None:
    query = select(Candidate.id).where(Candidate.project_id == project_id, Candidate.name == name)
    return session.scalar(query)


def set_named(session: Session, project_id: str, name: str) -> str | None:
    query = select(TestSet.id).where(TestSet.project_id == project_id, TestSet.name == name)
    return session.scalar(query)
