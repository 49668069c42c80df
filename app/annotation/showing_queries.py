"""What the review page shows after a decision, in one round trip: the example in hand, and how far its reviewer is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.annotation.assist.models import ModelBatch, Suggestion
from app.annotation.models import Reservation
from app.annotation.progress_queries import tally_figures
from app.annotation.reservation_queries import NEWEST
from app.annotation.suggestions.queries import NEWEST_SUGGESTION
from app.annotation.waiting_queries import key_of
from app.core.errors import NotFound
from app.core.statements import built_once, one_row
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision

FIGURES = 4


@dataclass
class Showing:
    """The example in hand with its newest revision, and the newest suggestion for it, if there is one."""

    id: str
    number: int
    revision: int
    status: str
    findings: list[str]
    messages: list[Any]
    expected: dict[str, Any] | None
    behavior: str | None
    tags: list[str]
    suggestion_id: str | None
    suggested_behavior: str | None
    suggested_label: str | None
    suggested_answer: str | None
    score: float | None
    reason: str | None
    model: str | None


COLUMNS = (
    Example.id,
    Example.number,
    Example.revision,
    Example.status,
    Example.findings,
    Revision.messages,
    Revision.expected,
    Revision.behavior,
    Revision.tags,
    Suggestion.id,
    Suggestion.behavior,
    Suggestion.label,
    Suggestion.answer,
    Suggestion.score,
    Suggestion.reason,
    ModelBatch.model,
)


def showing(session: Session, held: Reservation, wanted: ExampleFilter, overlap: int) -> tuple[Showing, Sequence[Any]]:
    """(what is in hand, the figures of ``tally_figures``)"""
    values = {"example": held.example_id, "project": held.project_id, "user": held.user_id}
    row = one_row(session, _showing(key_of(wanted), overlap), values)
    if row is None:
        raise NotFound("This example")
    one = Showing(*row[:-FIGURES])
    one.id, one.suggestion_id = str(one.id), one.suggestion_id and str(one.suggestion_id)
    return one, row[-FIGURES:]


@built_once
def _showing(key: str, overlap: int) -> Select[*tuple[Any, ...]]:
    query = select(*COLUMNS, *tally_figures(key, overlap))
    return (
        query.select_from(Example)
        .join(Revision, NEWEST)
        .outerjoin(Suggestion, Suggestion.id == NEWEST_SUGGESTION)
        .outerjoin(ModelBatch, ModelBatch.id == Suggestion.batch_id)
        .where(Example.id == bindparam("example"))
    )
