"""SQL behind the agreement page. Opinions that are hidden from people are not counted either."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.annotation.models import Annotation
from app.examples.models import Revision

NEWEST = 20_000  # opinions; older ones say less of how people judge now


def opinions(session: Session, project_id: str, overlap: int) -> Sequence[Row[str, int, str, str, str | None, Any]]:
    """(example, revision, annotator, verdict, behaviour, label) of what was judged without seeing the others.

    Behaviour and label are what the opinion leaves the example with; None where none is said.
    """
    other = aliased(Annotation)
    waiting = select(func.count(other.id)).where(other.example_id == Annotation.example_id, other.slot.is_not(None))
    judged = and_(Revision.example_id == Annotation.example_id, Revision.number == Annotation.revision)
    query = (
        select(
            Annotation.example_id,
            Annotation.revision,
            Annotation.annotator_id,
            Annotation.verdict,
            func.coalesce(Annotation.behavior, Revision.behavior),
            func.coalesce(Annotation.label, Revision.expected["label"].astext),
        )
        .join(Revision, judged)
        .where(Annotation.project_id == project_id, Annotation.blind)
        .where(or_(Annotation.slot.is_(None), waiting.scalar_subquery() >= overlap))
    )
    return session.execute(query.order_by(Annotation.id.desc()).limit(NEWEST)).all()


def pace(session: Session, project_id: str) -> Sequence[Row[str, str, int, float, Any]]:
    """(annotator, name, decisions, seconds in all, [quartiles of seconds] or None), those who did most first."""
    spread = func.percentile_cont([0.25, 0.5, 0.75]).within_group(Annotation.seconds).filter(Annotation.seconds > 0)
    query = (
        select(
            Annotation.annotator_id,
            User.name,
            func.count(),
            func.coalesce(func.sum(Annotation.seconds), 0.0),
            spread,
        )
        .join(User, User.id == Annotation.annotator_id)
        .where(Annotation.project_id == project_id)
        .group_by(Annotation.annotator_id, User.name)
    )
    return session.execute(query.order_by(func.count().desc(), User.name)).all()


def settled(session: Session, project_id: str) -> Sequence[Row[str, int, int]]:
    """(annotator, opinions that were settled, of these with the verdict that held)."""
    decision = aliased(Annotation)
    same = and_(decision.example_id == Annotation.example_id, decision.revision == Annotation.revision)
    query = (
        select(
            Annotation.annotator_id,
            func.count(),
            func.count().filter(decision.verdict == Annotation.verdict),
        )
        .join(decision, and_(same, decision.settles))
        .where(Annotation.project_id == project_id, Annotation.blind, Annotation.slot.is_(None))
    )
    return session.execute(query.group_by(Annotation.annotator_id)).all()
