"""What a verdict on a row answers."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.annotation import queries
from app.examples.models import Example
from app.projects.access import Access
from app.web.words import words


@dataclass(frozen=True)
class JudgedPage:
    """What was done, its undoing, and the row as it stands now. ``note``: said beside a status that has not changed."""

    slug: str
    text: str
    tone: str
    undo_url: str | None
    row: Example | None
    note: str | None
    can_edit: bool = True
    title: str = "Examples"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/examples"


def judged(session: Session, access: Access, example: Example, verdict: str | None) -> JudgedPage:
    """``verdict`` None: a verdict was taken back."""
    session.refresh(example)
    waits = verdict is not None and example.status == "to_review"
    text = f"#{example.number}: {words(example.status)}."
    if waits:
        text = f"#{example.number}: your verdict is kept; it is decided when the others have judged too."
    elif verdict is None:
        text = f"#{example.number}: taken back, {words(example.status)} again."
    note = f"you said {words(str(verdict))}" if waits else None
    return JudgedPage(access.project.slug, text, "good", _undo_url(session, access), example, note)


def refused(session: Session, access: Access, text: str, row: Example | None = None) -> JudgedPage:
    return JudgedPage(access.project.slug, text, "bad", _undo_url(session, access), row, None)


def _undo_url(session: Session, access: Access) -> str | None:
    """Of this person's newest verdict, so that the last ones can be taken back one after the other."""
    newest = queries.latest(session, access.project.id, access.user.id)
    if newest is None:
        return None
    return f"/p/{access.project.slug}/examples/{newest.example_id}/annotations/{newest.id}/removal"
