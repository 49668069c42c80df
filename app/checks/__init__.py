"""Checks of the data: detectors make findings, findings have remedies, and all of it adds up to the checklist."""

from sqlalchemy.orm import Session

from app.datasets import looks
from app.projects.models import Project


def _look_before_freezing(session: Session, project: Project) -> int:
    from app.checks.before_freezing import look  # the detectors: only where something is frozen

    return look(session, project)


looks.register(_look_before_freezing)
