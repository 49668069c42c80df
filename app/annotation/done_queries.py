"""SQL of one person's own decisions."""

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.annotation.models import Annotation
from app.core.errors import NotFound
from app.core.ids import is_id
from app.examples.models import Example
from app.examples.queries import id_of_cursor
from app.web.paging import Slice, cut


def mine(
    session: Session, project_id: str, user_id: str, cursor: str | None, limit: int
) -> Slice[Row[Annotation, Example]]:
    """(annotation, example) of this person, newest first."""
    query = (
        select(Annotation, Example)
        .join(Example, Example.id == Annotation.example_id)
        .where(Annotation.project_id == project_id, Annotation.annotator_id == user_id, Example.deleted_at.is_(None))
        .order_by(Annotation.id.desc())
        .limit(limit + 1)
    )
    after = id_of_cursor(cursor)
    rows = session.execute(query if after is None else query.where(Annotation.id < after)).all()
    return cut(rows, limit, lambda row: (row[0].id,))


def own(session: Session, project_id: str, user_id: str, annotation_id: str) -> Annotation:
    found = session.get(Annotation, annotation_id) if is_id(annotation_id) else None
    if found is None or (found.project_id, found.annotator_id) != (project_id, user_id):
        raise NotFound("This decision of yours")
    return found
