"""Typed context of the settle page: what each said, side by side, with what differs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.annotation import pages, queries
from app.annotation import reservation_queries as places
from app.annotation import settle_queries as unsettled
from app.annotation.models import Annotation, Reservation
from app.annotation.pages import BEHAVIOR_CHOICES, SAID, Item, Tab
from app.annotation.rules import Opinion, differing
from app.examples.differences import Segment, words
from app.examples.models import Revision
from app.examples.rules import text_of
from app.projects.access import Access
from app.web.forms import FormState


@dataclass(frozen=True)
class Edited:
    """A message that somebody changed, with what went and what came."""

    role: str
    segments: Sequence[Segment]


@dataclass(frozen=True)
class Side:
    id: str
    key: str
    who: str
    said: str
    behavior: str
    label: str
    tags: Sequence[str]
    note: str
    seconds: float | None
    edited: Sequence[Edited]


@dataclass(frozen=True)
class SettlePage:
    slug: str
    item: Item | None
    sides: Sequence[Side]
    differs: Sequence[str]
    left: int
    undo_id: str | None
    tabs: Sequence[Tab]
    suggestions: Sequence[str]
    form: FormState = field(default_factory=FormState)
    behaviors: Sequence[tuple[str, str]] = BEHAVIOR_CHOICES
    title: str = "Settle"

    @property
    def sentence(self) -> str:
        """``They differ on the verdict and the tags.``"""
        told = ["edits" if name == "messages" else name.replace("behavior", "behaviour") for name in self.differs]
        listed = " and the ".join(filter(None, (", the ".join(told[:-1]), *told[-1:])))
        return f"They differ on the {listed}." if told else "They say the same: take either."


def settle(session: Session, access: Access, held: Reservation | None, form: FormState | None = None) -> SettlePage:
    project, item, sides, differs = access.project, None, list[Side](), list[str]()
    if held is not None:
        example, revision = places.content(session, held)
        item = pages.item_of(access, f"/p/{project.slug}/review/settle/{held.id}", example, revision)
        rows = unsettled.with_names(session, example.id)
        sides = [_side(place, annotation, who, revision) for place, (annotation, who) in enumerate(rows, start=1)]
        differs = differing([Opinion(annotation.verdict, annotation.proposal) for annotation, _who in rows])
    newest = queries.latest_settled(session, project.id, access.user.id)
    tabs = pages.tabs(session, access, "settle")
    return SettlePage(
        slug=project.slug,
        item=item,
        sides=sides,
        differs=differs,
        left=next((tab.count or 0 for tab in tabs if tab.current), 0),
        undo_id=newest.id if newest else None,
        tabs=tabs,
        suggestions=queries.common_tags(session, project.id),
        form=form or FormState(),
    )


def _side(place: int, annotation: Annotation, who: str, revision: Revision) -> Side:
    proposal = annotation.proposal
    return Side(
        id=annotation.id,
        key=str(place),
        who=who,
        said=SAID[annotation.verdict],
        behavior=proposal.get("behavior") or revision.behavior or "not said",
        label=str(proposal.get("label") or (revision.expected or {}).get("label") or ""),
        tags=proposal.get("tags", revision.tags),
        note=annotation.note,
        seconds=annotation.seconds,
        edited=_edited(proposal.get("messages"), revision.messages),
    )


def _edited(messages: Sequence[Any] | None, before: Sequence[Any]) -> list[Edited]:
    pairs = [(old, new) for old, new in zip(before, messages or [], strict=False) if old != new]
    return [Edited(old["role"], words(text_of(old.get("content")), text_of(new.get("content")))) for old, new in pairs]
