"""Assignments under ``/api/v1``."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.annotation.assignments import queries, service
from app.annotation.assignments.forms import NewAssignment, Reassignment
from app.annotation.assignments.models import Assignment
from app.annotation.assignments.queries import Share
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("annotation")
BASE = "/projects/{slug}/assignments"


class ShareOut(BaseModel):
    """``elsewhere``: decided by others, or gone, before this person came to it."""

    user_id: str
    email: str
    name: str
    total: int
    done: int
    waiting: int
    elsewhere: int


class AssignmentOut(BaseModel):
    id: str
    name: str
    note: str
    filter: dict[str, Any]
    due_on: date | None
    created_by: str | None
    created_at: datetime
    cancelled_at: datetime | None
    people: list[ShareOut]

    @classmethod
    def of(cls, one: Assignment, people: list[Share]) -> "AssignmentOut":
        own = set(cls.model_fields) - {"people"}
        shares = [ShareOut.model_validate(share, from_attributes=True) for share in people]
        return cls(**{name: getattr(one, name) for name in own}, people=shares)


class Moved(BaseModel):
    moved: int


class Mine(BaseModel):
    """How many examples that you were given still wait, and the nearest due day."""

    waiting: int
    due_on: date | None


@router.get(BASE)
def list_assignments(session: SessionDep, access: Viewer) -> ListAnswer[AssignmentOut]:
    """Newest first, at most 100."""
    return ListAnswer(items=_out(session, queries.listed(session, access.project.id)))


@router.post(BASE, status_code=201)
def assign_examples(session: SessionDep, access: Engineer, new: NewAssignment) -> AssignmentOut:
    """409 if fewer than ``count`` examples match, wait for review and were given to nobody yet."""
    assignment = service.assign(session, access, new)
    session.refresh(assignment)
    return _out(session, [assignment])[0]


@router.get(BASE + "/mine")
def my_assignments(session: SessionDep, access: Viewer) -> Mine:
    count, due_on = queries.waiting(session, access.project.id, access.user.id)
    return Mine(waiting=count, due_on=due_on)


@router.get(BASE + "/{assignment_id}")
def get_assignment(session: SessionDep, access: Viewer, assignment_id: str) -> AssignmentOut:
    return _out(session, [queries.get(session, access.project.id, assignment_id)])[0]


@router.post(BASE + "/{assignment_id}/reassign")
def reassign_examples(session: SessionDep, access: Engineer, assignment_id: str, wanted: Reassignment) -> Moved:
    """What ``giver`` has not done goes to ``taker``."""
    assignment = queries.get(session, access.project.id, assignment_id)
    return Moved(moved=service.reassign(session, access, assignment, wanted))


@router.post(BASE + "/{assignment_id}/cancel")
def cancel_assignment(session: SessionDep, access: Engineer, assignment_id: str) -> AssignmentOut:
    assignment = queries.get(session, access.project.id, assignment_id)
    service.cancel(session, access, assignment)
    return _out(session, [assignment])[0]


def _out(session: Session, rows: Any) -> list[AssignmentOut]:
    people = queries.shares(session, [one.id for one in rows])
    return [AssignmentOut.of(one, people[one.id]) for one in rows]
