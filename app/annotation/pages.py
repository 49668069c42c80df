"""Typed contexts of the review page and of what people said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.annotation import queries, service
from app.annotation import reservation_queries as places
from app.annotation.models import Annotation, Reservation
from app.annotation.progress_queries import COUNTED, Tally, tally
from app.core.ids import random_id
from app.examples import queries as examples
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.rules import text_of
from app.projects.access import Access
from app.web.forms import FormState
from app.web.markdown import to_html

BEHAVIOR_CHOICES = (("answer", "Answer"), ("refuse", "Refuse"), ("clarify", "Clarify"), ("escalate", "Escalate"))
SAID = {"approve": "approved", "reject": "rejected", "needs_work": "needs work"}
FLAGGED_SHOWN = 200


@dataclass(frozen=True)
class Turn:
    """One message as the page shows it. ``name`` is its field when its text can be edited, else None."""

    role: str
    content: str
    name: str | None
    target: bool
    tool_calls: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Item:
    """The example in hand. ``label`` is None where the project has no labels and the example expects none."""

    reservation_id: str
    id: str
    number: int
    revision: int
    status: str
    turns: Sequence[Turn]
    behavior: str
    tags: Sequence[str]
    label: str | None
    labels: Sequence[str]
    client_token: str
    findings: Sequence[str]  # kinds that are open

    @property
    def draft(self) -> str:
        return f"review-{self.id}-r{self.revision}"


@dataclass(frozen=True)
class ReviewPage:
    slug: str
    item: Item | None
    tally: Tally
    query: str  # the filter as it stands in the URL
    guideline: Markup | None
    guideline_version: int
    suggestions: Sequence[str]
    form: FormState = field(default_factory=FormState)
    behaviors: Sequence[tuple[str, str]] = BEHAVIOR_CHOICES
    title: str = "Review"

    @property
    def undo_id(self) -> str | None:
        return self.tally.undo_id

    @property
    def figures(self) -> str:
        """``12 of 80 · 3 skipped · 48 s a piece``"""
        t = self.tally
        many = t.left > COUNTED
        parts = [f"{t.done:,} of {'more than ' if many else ''}{t.done + min(t.left, COUNTED):,}"]
        parts += [f"{t.skipped} skipped"] if t.skipped else []
        parts += [f"{t.seconds:.0f} s a piece"] if t.seconds else []
        return " · ".join(parts)


@dataclass(frozen=True)
class Said:
    """One annotation as others read it."""

    id: str
    who: str
    said: str
    revision: int
    label: str | None
    note: str
    flagged: bool
    seconds: float | None
    at: datetime
    example_id: str
    number: int | None
    request: str


@dataclass(frozen=True)
class SaidPage:
    slug: str
    annotations: Sequence[Said]
    title: str


def review(
    session: Session,
    access: Access,
    wanted: ExampleFilter,
    held: Reservation | None,
    *,
    query: str = "",
    form: FormState | None = None,
    whole: bool = True,
) -> ReviewPage:
    """``whole``: with what stands beside the item and stays when the next one comes."""
    project, item, queue = access.project, None, service.queue_filter(wanted)
    if held is not None:
        item = _item(access, held, *places.content(session, held))
    return ReviewPage(
        slug=project.slug,
        item=item,
        tally=tally(session, project.id, access.user.id, queue, service.overlap_of(access, queue)),
        query=f"?{query}" if query else "",
        guideline=to_html(project.guideline) if whole and project.guideline.strip() else None,
        guideline_version=project.guideline_version,
        suggestions=queries.common_tags(session, project.id) if whole else (),
        form=form or FormState(),
    )


def said_of(session: Session, access: Access, example_id: str) -> SaidPage:
    example = examples.get(session, access.project.id, example_id)
    rows = queries.of_example(session, access.project.id, example.id, access.user.id)
    said = [_said(annotation, who) for annotation, who in rows]
    return SaidPage(access.project.slug, said, f"What was said of #{example.number}")


def flagged(session: Session, access: Access) -> SaidPage:
    rows = queries.flagged(session, access.project.id, access.user.id, FLAGGED_SHOWN)
    said = [_said(annotation, who, example) for annotation, who, example in rows]
    return SaidPage(access.project.slug, said, "Flagged for a second look")


def _said(annotation: Annotation, who: str, example: Example | None = None) -> Said:
    return Said(
        id=annotation.id,
        who=who,
        said=SAID[annotation.verdict],
        revision=annotation.revision,
        label=annotation.label,
        note=annotation.note,
        flagged=annotation.flagged,
        seconds=annotation.seconds,
        at=annotation.created_at,
        example_id=annotation.example_id,
        number=example.number if example else None,
        request=example.request if example else "",
    )


def _item(access: Access, held: Reservation, example: Example, revision: Revision) -> Item:
    last = len(revision.messages) - 1
    label = (revision.expected or {}).get("label")
    labels = [str(one) for one in access.project.labels]
    return Item(
        reservation_id=held.id,
        id=example.id,
        number=example.number,
        revision=example.revision,
        status=example.status,
        turns=[_turn(index, message, index == last) for index, message in enumerate(revision.messages)],
        behavior=revision.behavior or "",
        tags=revision.tags,
        label=str(label) if label is not None else ("" if labels else None),
        labels=labels,
        client_token=random_id(),
        findings=example.findings,
    )


def _turn(index: int, message: dict[str, Any], last: bool) -> Turn:
    content, role = message.get("content"), str(message.get("role", ""))
    functions = [call.get("function", {}) for call in message.get("tool_calls") or []]
    calls = [(str(one.get("name", "")), str(one.get("arguments", ""))) for one in functions]
    name = f"content_{index}" if isinstance(content, str) else None
    return Turn(role, text_of(content) or str(message.get("refusal") or ""), name, last and role == "assistant", calls)
