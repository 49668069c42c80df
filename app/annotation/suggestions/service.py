"""What the review page shows of a suggestion, and what a person's decision makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.models import Annotation
from app.annotation.showing_queries import Showing
from app.annotation.suggestions import queries
from app.annotation.suggestions.kind import target_text
from app.annotation.suggestions.reading import Marks, Suggested, outcome
from app.examples.models import Revision


@dataclass(frozen=True)
class Shown:
    """A suggestion beside the example in hand. ``score`` is how sure the model says it is, 0…1."""

    id: str
    model: str
    behavior: str | None
    label: str | None
    answer: str | None
    score: float | None
    reason: str


def shown(one: Showing) -> Shown | None:
    """The newest suggestion for exactly the revision in hand."""
    if one.suggestion_id is None:
        return None
    return Shown(
        one.suggestion_id,
        one.model or "",
        one.suggested_behavior,
        one.suggested_label,
        one.suggested_answer,
        one.score,
        one.reason or "",
    )


def settle(
    session: Session, annotation: Annotation, suggestion_id: str, revision: Revision, said: Mapping[str, Any]
) -> None:
    """Write down what came of the suggestion that stood on the page. ``said`` is what the reviewer sent, and
    ``revision`` what they had before them."""
    found = queries.find(session, annotation.example_id, suggestion_id)
    if found is None or found.revision != revision.number:
        return
    suggested = Suggested(found.behavior, found.label, found.answer)
    saved = Marks(
        behavior=said.get("behavior") or revision.behavior,
        label=said.get("label") or (revision.expected or {}).get("label"),
        answer=target_text(said.get("messages") or revision.messages),
    )
    queries.put_outcome(session, annotation.id, found.id, outcome(suggested, saved))
