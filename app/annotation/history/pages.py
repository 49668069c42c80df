"""Typed context of the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.annotation.history.entries import Entry, timeline
from app.examples import queries as examples
from app.projects.access import Access

ICONS = {"revision": "edit", "annotation": "check", "status": "flag", "finding": "search", "comment": "person"}


@dataclass(frozen=True)
class HistoryPage:
    slug: str
    example_id: str
    number: int
    current: int
    entries: Sequence[Entry]
    can_edit: bool

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/examples/{self.example_id}"

    @property
    def title(self) -> str:
        return f"History of #{self.number}"

    @property
    def icons(self) -> dict[str, str]:
        return ICONS


def history(session: Session, access: Access, example_id: str) -> HistoryPage:
    example = examples.get(session, access.project.id, example_id)
    entries = timeline(session, access.project.id, example, access.user.id)
    can_edit = access.can("annotator")
    return HistoryPage(access.project.slug, example.id, example.number, example.revision, entries, can_edit)
