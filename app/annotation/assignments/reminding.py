"""Once a day, to everybody for whom something is due by tomorrow or was due in the last two weeks."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.assignments import queries
from app.annotation.assignments.models import Assignment
from app.projects.models import Project
from app.projects.notifications import service as notifications
from app.web.words import plural

AHEAD = timedelta(days=1)
BEHIND = timedelta(days=14)  # who has not answered by then does not need a fifteenth reminder


def remind(session: Session, today: date) -> int:
    """Answers how many people were reminded; the same day again reminds nobody twice."""
    rows = queries.due(session, today + AHEAD, today - BEHIND)
    for assignment, person, count in rows:
        project = session.get_one(Project, assignment.project_id)
        _tell(session, project, assignment, person, count, today)
    return len(rows)


def _tell(session: Session, project: Project, assignment: Assignment, person: User, count: int, today: date) -> None:
    due_on = assignment.due_on or today
    url = notifications.address(project, "/review")
    subject = f"{due_words(due_on, today)}: {count:,} to review in {project.name}"
    text = f"{person.name}, {plural(count, 'example')} of “{assignment.name}” still wait for you.\n\n{url}\n"
    data = {"assignment": assignment.id, "name": assignment.name, "waiting": count, "due_on": due_on.isoformat()}
    once = f"due:{assignment.id}:{person.id}:{today}"
    notifications.tell(session, project, person, "assignment.due", subject, text, once=once, url=url, **data)


def due_words(due_on: date, today: date) -> str:
    """``Due today``, ``Due tomorrow``, ``3 days late``, ``Due on 4 Dec``."""
    late = (today - due_on).days
    if late > 0:
        return f"{plural(late, 'day')} late"
    return {0: "Due today", -1: "Due tomorrow"}.get(late, f"Due on {due_on:%-d %b}")
