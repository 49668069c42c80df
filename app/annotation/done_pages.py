"""Typed contexts of one's own decisions: the list, and one of them looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.annotation import done_queries, pages, queries
from app.annotation.models import Annotation
from app.annotation.pages import BEHAVIOR_CHOICES, SAID, Item, Tab
from app.core.errors import Conflict
from app.examples import queries as examples
from app.examples.models import Example
from app.projects.access import Access
from app.web.forms import FormState
from app.web.markdown import to_html

PAGE = 50


@dataclass(frozen=True)
class DoneRow:
    id: str
    example_id: str
    number: int
    request: str
    said: str
    became: str  # what the example is now
    note: str
    seconds: float | None
    at: datetime
    can_change: bool


@dataclass(frozen=True)
class DonePage:
    slug: str
    rows: Sequence[DoneRow]
    tabs: Sequence[Tab]
    older: str | None
    title: str = "What you decided"


@dataclass(frozen=True)
class ChangePage:
    slug: str
    item: Item
    form: FormState
    guideline: Markup | None
    suggestions: Sequence[str]
    tabs: Sequence[Tab]
    behaviors: Sequence[tuple[str, str]] = BEHAVIOR_CHOICES
    title: str = "Look at it again"


def done(session: Session, access: Access, cursor: str | None) -> DonePage:
    found = done_queries.mine(session, access.project.id, access.user.id, cursor, PAGE)
    base = f"/p/{access.project.slug}/review/done"
    older = f"{base}?cursor={found.next_cursor}" if found.next_cursor else None
    rows = [_row(annotation, example) for annotation, example in found.items]
    return DonePage(access.project.slug, rows, pages.tabs(session, access, "done"), older)


def _row(annotation: Annotation, example: Example) -> DoneRow:
    return DoneRow(
        id=annotation.id,
        example_id=example.id,
        number=example.number,
        request=example.request,
        said=SAID[annotation.verdict],
        became="waits for others" if annotation.slot is not None else example.status,
        note=annotation.note,
        seconds=annotation.seconds,
        at=annotation.created_at,
        can_change=changeable(annotation),
    )


def changeable(annotation: Annotation) -> bool:
    """One's own to change: what one decided alone, and what still waits for others."""
    alone = bool(annotation.before) and not annotation.blind and not annotation.settles
    return annotation.slot is not None or alone


def own(session: Session, access: Access, annotation_id: str) -> tuple[Annotation, Example]:
    """This person's annotation and its example. Raises NotFound, or Conflict where it is not theirs alone any more."""
    annotation = done_queries.own(session, access.project.id, access.user.id, annotation_id)
    if not changeable(annotation):
        raise Conflict(
            "Others had their say on this one too, and it is decided. Send it back to review to judge it anew."
        )
    return annotation, examples.get(session, access.project.id, annotation.example_id)


def change(
    session: Session, access: Access, annotation: Annotation, example: Example, form: FormState | None = None
) -> ChangePage:
    revision = examples.revision(session, example.id, example.revision)
    url = f"/p/{access.project.slug}/review/done/{annotation.id}"
    item = pages.item_of(access, url, example, revision, SAID[annotation.verdict])
    return ChangePage(
        slug=access.project.slug,
        item=item,
        form=form or FormState(_as_typed(annotation)),
        guideline=to_html(access.project.guideline) if access.project.guideline.strip() else None,
        suggestions=queries.common_tags(session, access.project.id),
        tabs=pages.tabs(session, access, "done"),
    )


def _as_typed(annotation: Annotation) -> dict[str, Any]:
    """The form's fields as this person left them."""
    proposal = annotation.proposal
    fields: dict[str, Any] = {"note": annotation.note}
    fields |= {name: value for name, value in proposal.items() if name in ("behavior", "label") and value}
    if annotation.flagged:
        fields["flagged"] = "true"
    if "tags" in proposal:
        fields["tag"] = proposal["tags"]
    for index, message in enumerate(proposal.get("messages", [])):
        if isinstance(message.get("content"), str):
            fields[f"content_{index}"] = message["content"]
    return fields
