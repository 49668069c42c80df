"""Verbs of assignments: ask people to look at examples, move what is not done, call it off."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.audit import record
from app.accounts.models import User
from app.annotation.assignments import queries
from app.annotation.assignments.forms import NewAssignment, Reassignment
from app.annotation.assignments.models import Assignment
from app.annotation.service import queue_filter
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.projects import queries as projects
from app.projects.access import Access
from app.projects.models import Project
from app.projects.notifications import service as notifications
from app.projects.rules import at_least
from app.web.words import plural


def assign(session: Session, access: Access, new: NewAssignment) -> Assignment:
    """Raises Invalid for a person who cannot review here, Conflict if fewer examples match than were asked for."""
    people = [_reviewer(session, access.project.id, email) for email in dict.fromkeys(map(str.lower, new.people))]
    if new.due_on is not None and new.due_on < utcnow().date():
        raise Invalid.field("due_on", "This day is over.")
    wanted = queue_filter(new.filter)
    if (wanted.status, wanted.split) != ("to_review", "train"):
        raise Invalid.field("filter", "Only examples of the training pool that wait for review can be given to people.")
    found = queries.candidates(session, access.project.id, wanted, new.count)
    if len(found) < new.count:
        raise Conflict(f"Only {plural(len(found), 'example')} of these wait and were not given to anybody yet.")
    assignment = Assignment(
        project_id=access.project.id,
        name=new.name,
        note=new.note,
        filter=new.filter.model_dump(exclude_none=True),
        due_on=new.due_on,
        created_by=access.user.id,
    )
    session.add(assignment)
    session.flush()
    shares = {one.id: found if new.share == "everyone" else found[at :: len(people)] for at, one in enumerate(people)}
    rows = [
        {"assignment_id": assignment.id, "user_id": user_id, "example_id": example_id}
        for user_id, ids in shares.items()
        for example_id in ids
    ]
    queries.add_items(session, rows)
    _record(session, access, assignment, "assign")
    for person in people:
        _tell(session, access.project, assignment, person, len(shares[person.id]))
    return assignment


def reassign(session: Session, access: Access, assignment: Assignment, wanted: Reassignment) -> int:
    """What one person has not done goes to another; answers how many examples."""
    _check_active(assignment)
    giver = accounts.user_by_email(session, wanted.giver)
    if giver is None:
        raise Invalid.field("giver", "Nobody has this e-mail address.")
    taker = _reviewer(session, access.project.id, wanted.taker, "taker")
    if giver.id == taker.id:
        raise Invalid.field("taker", "Choose somebody else.")
    moved = queries.hand_over(session, assignment.id, giver.id, taker.id)
    if not moved:
        raise Conflict(f"{giver.name} has nothing left there that {taker.name} could take over.")
    _record(session, access, assignment, "reassign", moved=moved)
    _tell(session, access.project, assignment, taker, moved)
    return moved


def cancel(session: Session, access: Access, assignment: Assignment) -> None:
    """What is not done goes back to everybody's queue."""
    _check_active(assignment)
    assignment.cancelled_at = utcnow()
    _record(session, access, assignment, "cancel")


def _check_active(assignment: Assignment) -> None:
    if assignment.cancelled_at is not None:
        raise Conflict("This assignment was called off.")


def _reviewer(session: Session, project_id: str, email: str, field: str = "people") -> User:
    user = accounts.user_by_email(session, email)
    member = projects.membership(session, project_id, user.id) if user else None
    if user is None or member is None or not at_least(member.role, "annotator"):
        raise Invalid.field(field, f"{email} is no member of this project who may review.")
    return user


def reviewers(session: Session, project_id: str) -> Sequence[User]:
    """Who can be given something."""
    return [row[0] for row in projects.members(session, project_id) if at_least(row[1].role, "annotator")]


def _record(session: Session, access: Access, assignment: Assignment, action: str, **more: int) -> None:
    detail = {"name": assignment.name, **more}
    record(
        session,
        action,
        "assignment",
        assignment.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        **detail,
    )


def _tell(session: Session, project: Project, assignment: Assignment, person: User, count: int) -> None:
    if not count:
        return
    until = f" by {assignment.due_on:%-d %B %Y}" if assignment.due_on else ""
    subject = f"You have {count:,} to review{until}: {assignment.name}"
    url = notifications.address(project, "/review")
    text = f"{person.name}, {plural(count, 'example')} of {project.name} wait for you{until}.\n\n"
    text += f"{assignment.note}\n\n" if assignment.note else ""
    once = f"assigned:{assignment.id}:{person.id}:{utcnow().isoformat()}"
    data = {"assignment": assignment.id, "name": assignment.name, "waiting": count, "url": url}
    due = assignment.due_on.isoformat() if assignment.due_on else None
    notifications.tell(
        session, project, person, "assignment.created", subject, f"{text}{url}\n", once=once, due_on=due, **data
    )
