"""Verbs of guidelines: write a version, send back to review what it touches."""

from sqlalchemy.orm import Session

from app.annotation.guidelines import queries
from app.annotation.guidelines.forms import NewVersion, Touched
from app.examples import bulk
from app.examples.models import BulkChange
from app.projects import guidelines
from app.projects.access import Access
from app.projects.models import GuidelineVersion


def write(session: Session, access: Access, new: NewVersion) -> GuidelineVersion | None:
    """The next version, or the current one where the text is the same; None where there is no guideline at all."""
    number = guidelines.write(session, access.user, access.project, new.text, new.note, new.based_on)
    return guidelines.version(session, access.project.id, number) if number else None


def requeue(session: Session, access: Access, wanted: Touched, expected_count: int) -> BulkChange:
    """Everything that matches waits for review again. Raises Conflict if it is another number than expected.

    It is an action over many examples like those of the list, and can be taken back like them.
    """
    where = queries.touched(access.project.id, wanted)
    return bulk.apply_where(session, access.user, access.project.id, where, "to_review", None, expected_count)
