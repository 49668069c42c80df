"""Typed contexts of the review page and of what people said."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.annotation import draft_queries as drafts
from app.annotation import queries, service
from app.annotation.forms import ReviewQuery
from app.annotation.models import Annotation, Reservation
from app.annotation.progress_queries import COUNTED, Tally, counts, tally
from app.annotation.showing_queries import showing
from app.annotation.suggestions.service import Shown, shown
from app.core.ids import random_id
from app.core.recent import Recent
from app.examples import queries as examples
from app.examples.forms import ExampleFilter
from app.examples.models import Example
from app.examples.rules import text_of
from app.projects.access import Access
from app.web.forms import FormState
from app.web.markdown import to_html

BEHAVIOR_CHOICES = (("answer", "Answer"), ("refuse", "Refuse"), ("clarify", "Clarify"), ("escalate", "Escalate"))
SAID = {"approve": "approved", "reject": "rejected", "needs_work": "needs work"}
FLAGGED_SHOWN = 200


totals: Recent[tuple[str, str, str], int] = Recent(seconds=20.0, most=2_000)


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
    """The example in hand; ``url`` is where it is decided, skipped and kept.

    ``label`` is None where the project has no labels and the example expects none. ``said``: this person's own verdict,
    where they look back at it.
    """

    url: str
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
    said: str | None = None
    suggestion: Shown | None = None

    @property
    def choosing(self) -> Hashable:
        """All that the choices beside the text depend on, while nothing is typed."""
        return self.behavior, self.label, tuple(self.labels), tuple(self.tags)

    @property
    def draft(self) -> str:
        return f"review-{self.id}-r{self.revision}"


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True)
class ReviewPage:
    slug: str
    item: Item | None
    tally: Tally
    queue: str
    query: str  # the filter as it stands in the URL
    guideline: Markup | None
    guideline_version: int
    suggestions: Sequence[str]
    tabs: Sequence[Tab] = ()
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
    wanted: ReviewQuery,
    held: Reservation | None,
    *,
    query: str = "",
    form: FormState | None = None,
    whole: bool = True,
) -> ReviewPage:
    """``whole``: with what stands beside the item and stays when the next one comes."""
    project, item, queue, figures = access.project, None, service.queue_filter(wanted), None
    if held is not None:
        one, figures = showing(session, held, queue, service.overlap_of(access, queue))
        item = item_of(access, f"/p/{project.slug}/review/{held.id}", one, one)
        item = _prefilled(item, shown(one))
        form = form or (_draft(session, held, item.revision) if wanted.queue == "draft" else None)
    return ReviewPage(
        slug=project.slug,
        item=item,
        tally=_tally(session, access, queue, fresh=whole or item is None, figures=figures),
        queue=wanted.queue,
        query=f"?{query}" if query else "",
        guideline=to_html(project.guideline) if whole and project.guideline.strip() else None,
        guideline_version=project.guideline_version,
        suggestions=queries.common_tags(session, project.id) if whole else (),
        tabs=tabs(session, access, wanted.queue) if whole else (),
        form=form or FormState(),
    )


def _tally(
    session: Session, access: Access, wanted: ExampleFilter, *, fresh: bool, figures: Sequence[Any] | None
) -> Tally:
    """How far this person is. What is left is counted with a whole page; between two decisions it is known."""
    key = (access.project.id, access.user.id, wanted.model_dump_json())
    known = None if fresh else totals.get(key)
    overlap = service.overlap_of(access, wanted)
    found = tally(session, access.project.id, access.user.id, wanted, overlap, known, figures)
    if known is None:
        totals.put(key, found.done + found.left)
    return found


def _draft(session: Session, held: Reservation, revision: int) -> FormState | None:
    kept = drafts.get(session, held.example_id, held.user_id)
    if kept is None:
        return None
    if kept.revision == revision:
        return FormState(kept.fields)
    now = f"The example has changed since: this is revision {revision}, with your text in its fields."
    return FormState(kept.fields, message=now)


def tabs(session: Session, access: Access, current: str) -> list[Tab]:
    """One's queues with their counts, what is to be settled, and how far people agree."""
    base, overlap = f"/p/{access.project.slug}", access.project.overlap
    found = counts(session, access.project.id, access.user.id, service.queue_filter(), overlap)
    rows: list[tuple[str, str, str, int | None]] = [
        ("todo", "To do", "/review", None),
        ("draft", "Drafts", "/review?queue=draft", found.draft),
        ("skipped", "Skipped", "/review?queue=skipped", found.skipped),
        ("done", "Done", "/review/done", None),
    ]
    if access.may_settle and (overlap > 1 or found.settle):
        rows.append(("settle", "Settle", "/review/settle", found.settle))
    rows += [("flagged", "Flagged", "/review/flagged", None), ("agreement", "Agreement", "/agreement", None)]
    return [Tab(label, base + url, key == current, count) for key, label, url, count in rows]


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


def _prefilled(item: Item, suggestion: Shown | None) -> Item:
    """What a model suggests stands chosen only where nobody has said anything yet, and always beside its name."""
    if suggestion is None:
        return item
    label = suggestion.label if item.label == "" and suggestion.label in item.labels else item.label
    behavior = item.behavior or suggestion.behavior or ""
    return replace(item, suggestion=suggestion, behavior=behavior, label=label)


class Judged(Protocol):
    """What a review shows of an example."""

    id: str
    number: int
    revision: int
    status: str
    findings: list[str]


class Content(Protocol):
    """What a review shows of the revision that is judged."""

    messages: list[Any]
    expected: dict[str, Any] | None
    behavior: str | None
    tags: list[str]


def item_of(access: Access, url: str, example: Judged, revision: Content, said: str | None = None) -> Item:
    last = len(revision.messages) - 1
    label = (revision.expected or {}).get("label")
    labels = [str(one) for one in access.project.labels]
    return Item(
        url=url,
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
        said=said,
    )


def _turn(index: int, message: dict[str, Any], last: bool) -> Turn:
    content, role = message.get("content"), str(message.get("role", ""))
    functions = [call.get("function", {}) for call in message.get("tool_calls") or []]
    calls = [(str(one.get("name", "")), str(one.get("arguments", ""))) for one in functions]
    name = f"content_{index}" if isinstance(content, str) else None
    return Turn(role, text_of(content) or str(message.get("refusal") or ""), name, last and role == "assistant", calls)
