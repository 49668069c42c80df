"""SQL of suggestions."""

from collections.abc import Sequence

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.annotation.assist.models import ModelBatch, Suggestion
from app.annotation.assist.pages import Rate
from app.core.ids import is_id


def open_for(session: Session, example_id: str, revision: int) -> Row[Suggestion, str] | None:
    """(the newest suggestion for this revision that nobody has decided on, its model)."""
    query = select(Suggestion, ModelBatch.model).join(ModelBatch, ModelBatch.id == Suggestion.batch_id)
    query = query.where(Suggestion.example_id == example_id, Suggestion.revision == revision)
    return session.execute(query.where(Suggestion.state == "open").order_by(Suggestion.id.desc()).limit(1)).first()


def locked(session: Session, project_id: str, suggestion_id: str) -> Suggestion | None:
    if not is_id(suggestion_id):
        return None
    query = select(Suggestion).where(Suggestion.project_id == project_id, Suggestion.id == suggestion_id)
    return session.scalar(query.with_for_update())


def rates(session: Session, project_id: str) -> Sequence[Rate]:
    """By model, those that people have decided on."""
    count = [func.count().filter(Suggestion.state == state) for state in ("accepted", "edited", "rejected")]
    query = (
        select(ModelBatch.model, func.count(), *count)
        .join(ModelBatch, ModelBatch.id == Suggestion.batch_id)
        .where(Suggestion.project_id == project_id, Suggestion.state != "open")
        .group_by(ModelBatch.model)
        .order_by(func.count().desc(), ModelBatch.model)
    )
    return [Rate(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(query)]
