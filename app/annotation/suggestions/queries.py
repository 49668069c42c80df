"""SQL of suggestions."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.annotation.assist.models import ModelBatch, Suggestion, SuggestionOutcome
from app.annotation.assist.pages import Rate
from app.core.ids import is_id
from app.examples.models import Example

# In a query of examples: the newest suggestion for the text as it stands. One for an older text is not shown
_OF_EXAMPLE = aliased(Suggestion)
NEWEST_SUGGESTION = (
    select(_OF_EXAMPLE.id)
    .where(_OF_EXAMPLE.example_id == Example.id, _OF_EXAMPLE.revision == Example.revision)
    .order_by(_OF_EXAMPLE.id.desc())
    .limit(1)
    .correlate(Example)
    .scalar_subquery()
)


def find(session: Session, example_id: str, suggestion_id: str) -> Suggestion | None:
    if not is_id(suggestion_id):
        return None
    query = select(Suggestion).where(Suggestion.example_id == example_id, Suggestion.id == suggestion_id)
    return session.scalar(query)


def put_outcome(session: Session, annotation_id: str, suggestion_id: str, outcome: str) -> None:
    row = insert(SuggestionOutcome).values(annotation_id=annotation_id, suggestion_id=suggestion_id, outcome=outcome)
    session.execute(row.on_conflict_do_nothing())


def rates(session: Session, project_id: str) -> Sequence[Rate]:
    """By model, of the suggestions that people have seen and decided about."""
    decided = SuggestionOutcome.outcome
    count = [func.count().filter(decided == outcome) for outcome in ("accepted", "edited", "rejected")]
    query = (
        select(ModelBatch.model, func.count(), *count)
        .select_from(SuggestionOutcome)
        .join(Suggestion, Suggestion.id == SuggestionOutcome.suggestion_id)
        .join(ModelBatch, ModelBatch.id == Suggestion.batch_id)
        .where(Suggestion.project_id == project_id)
        .group_by(ModelBatch.model)
        .order_by(func.count().desc(), ModelBatch.model)
    )
    return [Rate(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(query)]
