"""The typed context of the review page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.annotation import queries, service
from app.annotation.models import Reservation
from app.annotation.queries import Tally
from app.core.ids import random_id
from app.examples import queries as examples
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.rules import text_of
from app.projects.access import Access
from app.web.forms import FormState
from app.web.markdown import to_html

BEHAVIOR_CHOICES = (("answer", "Answer"), ("refuse", "Refuse"), ("clarify", "Clarify"), ("escalate", "Escalate"))


@dataclass(frozen=True)
class Turn:
    """One message as the page shows it. ``name`` is its field when its text can be edited, else None."""

    role: str
    content: str
    name: str | None
    tool_calls: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Item:
    """The example in hand."""

    reservation_id: str
    id: str
    number: int
    revision: int
    status: str
    turns: Sequence[Turn]
    behavior: str
    tags: Sequence[str]
    label: str
    client_token: str

    @property
    def draft(self) -> str:
        return f"review-{self.id}-r{self.revision}"


@dataclass(frozen=True)
class ReviewPage:
    slug: str
    item: Item | None
    tally: Tally
    can_undo: bool
    query: str  # the filter as it stands in the URL
    guideline: Markup | None
    form: FormState = field(default_factory=FormState)
    behaviors: Sequence[tuple[str, str]] = BEHAVIOR_CHOICES
    title: str = "Review"


def review(
    session: Session,
    access: Access,
    wanted: ExampleFilter,
    held: Reservation | None,
    *,
    query: str = "",
    form: FormState | None = None,
) -> ReviewPage:
    item = None
    if held is not None:
        item = _item(held, *examples.with_content(session, access.project.id, held.example_id))
    return ReviewPage(
        access.project.slug,
        item,
        queries.tally(session, access.project.id, access.user.id, service.queue_filter(wanted)),
        bool(queries.latest(session, access.project.id, access.user.id, 1)),
        query,
        to_html(access.project.guideline) if access.project.guideline else None,
        form or FormState(),
    )


def _item(held: Reservation, example: Example, revision: Revision) -> Item:
    turns = [_turn(index, message) for index, message in enumerate(revision.messages)]
    label = str((revision.expected or {}).get("label") or "")
    return Item(
        held.id,
        example.id,
        example.number,
        example.revision,
        example.status,
        turns,
        revision.behavior or "",
        revision.tags,
        label,
        random_id(),
    )


def _turn(index: int, message: dict[str, Any]) -> Turn:
    content = message.get("content")
    calls = [
        (str(call.get("function", {}).get("name", "")), str(call.get("function", {}).get("arguments", "")))
        for call in message.get("tool_calls") or []
    ]
    name = f"content_{index}" if isinstance(content, str) else None
    return Turn(str(message.get("role", "")), text_of(content), name, calls)
