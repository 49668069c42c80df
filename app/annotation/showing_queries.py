"""What the review page shows after a decision, in one round trip: the example in hand, and how far its reviewer is."""

from typing import Any

from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.orm import Session

from app.annotation.assist.models import ModelBatch, Suggestion
from app.annotation.models import Reservation
from app.annotation.progress_queries import tally_figures
from app.annotation.reservation_queries import NEWEST
from app.annotation.suggestions.queries import NEWEST_SUGGESTION
from app.annotation.waiting_queries import key_of
from app.core.statements import built_once
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision

#: Plain columns: rows that nobody changes cost a third of objects that could be.
SHOWN = (
    Example.id,
    Example.number,
    Example.revision,
    Example.status,
    Example.findings,
    Revision.messages,
    Revision.expected,
    Revision.behavior,
    Revision.tags,
)
FIGURES = 4


def showing(session: Session, held: Reservation, wanted: ExampleFilter, overlap: int) -> Row[*tuple[Any, ...]]:
    """The columns of ``SHOWN``, ``Suggestion`` or None, its ``model``; last the figures of ``tally_figures``."""
    values = {"example": held.example_id, "project": held.project_id, "user": held.user_id}
    return session.execute(_showing(key_of(wanted), overlap), values).one()


@built_once
def _showing(key: str, overlap: int) -> Select[*tuple[Any, ...]]:
    query = select(*SHOWN, Suggestion, ModelBatch.model, *tally_figures(key, overlap))
    return (
        query.select_from(Example)
        .join(Revision, NEWEST)
        .outerjoin(Suggestion, Suggestion.id == NEWEST_SUGGESTION)
        .outerjoin(ModelBatch, ModelBatch.id == Suggestion.batch_id)
        .where(Example.id == bindparam("example"))
    )
