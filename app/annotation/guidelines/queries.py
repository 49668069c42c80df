"""SQL about what was decided under which version of the guideline."""

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from app.annotation.guidelines.forms import Touched
from app.annotation.models import Annotation
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.queries import conditions

DECIDED = ("approved", "rejected", "needs_work")


def touched(project_id: str, wanted: Touched) -> list[ColumnElement[bool]]:
    """Decided examples of the training pool that match."""
    basic = ExampleFilter(tag=wanted.tag, behavior=wanted.behavior, status=wanted.status, split="train")
    found = [*conditions(project_id, basic), Example.status.in_(DECIDED)]
    if wanted.label is not None:
        labelled = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
        found.append(exists().where(labelled, Revision.expected["label"].astext == wanted.label))
    if wanted.under_version_below is not None:
        mine = Annotation.example_id == Example.id
        newest = select(func.max(Annotation.guideline_version)).where(mine).correlate(Example).scalar_subquery()
        # decided in bulk or at import, nobody has looked at it under any guideline
        found.append(func.coalesce(newest, 0) < wanted.under_version_below)
    return found


def count(session: Session, project_id: str, wanted: Touched, limit: int) -> int:
    """How many match; counting stops at ``limit`` + 1."""
    matching = select(Example.id).where(*touched(project_id, wanted)).limit(limit + 1)
    return session.scalar(select(func.count()).select_from(matching.subquery())) or 0


def annotations_by_version(session: Session, project_id: str) -> dict[int, int]:
    """How many annotations were made under each version."""
    query = select(Annotation.guideline_version, func.count()).where(Annotation.project_id == project_id)
    return dict(session.execute(query.group_by(Annotation.guideline_version)).all())
