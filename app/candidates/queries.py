"""All SQL of candidates."""

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.candidates.models import Baseline, Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.gateway.models import Provider

MOST_VERSIONS = 200


def get(session: Session, project_id: str, candidate_id: str) -> Candidate:
    query = select(Candidate).where(Candidate.project_id == project_id, Candidate.id == candidate_id)
    found = session.scalar(query) if is_id(candidate_id) else None
    if found is None:
        raise NotFound("This candidate")
    return found


def listed(session: Session, project_id: str) -> Sequence[Row[Candidate, str | None]]:
    """(candidate, provider name), newest first, archived ones left out."""
    return session.execute(
        select(Candidate, Provider.name)
        .outerjoin(Provider, Provider.id == Candidate.provider_id)
        .where(Candidate.project_id == project_id, Candidate.archived_at.is_(None))
        .order_by(Candidate.id.desc())
    ).all()


def family(session: Session, candidate: Candidate) -> Sequence[Candidate]:
    """The candidate, what it was cloned from step by step, and all that was cloned from any of these; oldest first."""
    up = select(Candidate.id, Candidate.cloned_from).where(Candidate.id == candidate.id).cte("up", recursive=True)
    up = up.union(select(Candidate.id, Candidate.cloned_from).where(Candidate.id == up.c.cloned_from))
    first = select(up.c.id).where(up.c.cloned_from.is_(None))
    down = select(Candidate.id).where(Candidate.id.in_(first)).cte("down", recursive=True)
    down = down.union(select(Candidate.id).where(Candidate.cloned_from == down.c.id))
    query = select(Candidate).where(Candidate.id.in_(select(down.c.id)), Candidate.project_id == candidate.project_id)
    return session.scalars(query.order_by(Candidate.created_at, Candidate.id).limit(MOST_VERSIONS)).all()


def name_taken(session: Session, project_id: str, name: str) -> bool:
    query = select(Candidate.id).where(Candidate.project_id == project_id, Candidate.name == name)
    return session.scalar(query) is not None


def baseline(session: Session, project_id: str) -> Candidate | None:
    """The designated baseline: the newest designation counts."""
    return session.scalar(
        select(Candidate)
        .join(Baseline, Baseline.candidate_id == Candidate.id)
        .where(Baseline.project_id == project_id)
        .order_by(Baseline.id.desc())
        .limit(1)
    )


def providers(session: Session) -> Sequence[Provider]:
    return session.scalars(select(Provider).where(Provider.disabled_at.is_(None)).order_by(Provider.created_at)).all()


def provider(session: Session, provider_id: str) -> Provider | None:
    found = session.get(Provider, provider_id) if is_id(provider_id) else None
    return found if found is not None and found.disabled_at is None else None
