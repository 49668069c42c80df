"""SQL of assignments. What is done, and what still waits, is read off annotations and examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.assignments.models import Assignment, AssignmentItem
from app.annotation.models import Annotation
from app.core.errors import NotFound
from app.core.ids import is_id
from app.examples.forms import ExampleFilter
from app.examples.models import Example
from app.examples.queries import conditions

COUNTED = 1_000


@dataclass(frozen=True)
class Share:
    """One person's part of one assignment. ``elsewhere``: others decided it, or it is gone, before they came to it."""

    user_id: str
    name: str
    email: str
    total: int
    done: int
    waiting: int

    @property
    def elsewhere(self) -> int:
        return self.total - self.done - self.waiting


def get(session: Session, project_id: str, assignment_id: str) -> Assignment:
    found = session.get(Assignment, assignment_id) if is_id(assignment_id) else None
    if found is None or found.project_id != project_id:
        raise NotFound("This assignment")
    return found


def listed(session: Session, project_id: str, limit: int = 100) -> Sequence[Assignment]:
    """Newest first."""
    query = select(Assignment).where(Assignment.project_id == project_id).order_by(Assignment.id.desc())
    return session.scalars(query.limit(limit)).all()


def candidates(session: Session, project_id: str, wanted: ExampleFilter, limit: int) -> Sequence[str]:
    """Ids of examples that match and that nobody was given yet, in the order of the queue."""
    given = exists().where(AssignmentItem.example_id == Example.id, ACTIVE)
    query = select(Example.id).where(*conditions(project_id, wanted), ~given).order_by(Example.id)
    return session.scalars(query.limit(limit)).all()


def add_items(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    session.execute(insert(AssignmentItem), rows)


ACTIVE = and_(AssignmentItem.assignment_id == Assignment.id, Assignment.cancelled_at.is_(None))


def _done() -> ColumnElement[bool]:
    own = and_(
        Annotation.example_id == AssignmentItem.example_id,
        Annotation.annotator_id == AssignmentItem.user_id,
        Annotation.created_at >= AssignmentItem.assigned_at,
    )
    return exists().where(own)


def _open() -> ColumnElement[bool]:
    """It can still be judged: nobody decided it, and it is there."""
    return and_(Example.status == "to_review", Example.split == "train", Example.deleted_at.is_(None))


def given_to(user_id: str) -> ColumnElement[bool]:
    """For a query of examples: this person was asked to look at it. The queue hands these out first."""
    return Example.id.in_(select(AssignmentItem.example_id).where(AssignmentItem.user_id == user_id, ACTIVE))


def given_to_others(user_id: str) -> ColumnElement[bool]:
    """For a query of examples: somebody else was asked, and this person was not. The queue hands these out last."""
    return exists().where(AssignmentItem.example_id == Example.id, AssignmentItem.user_id != user_id, ACTIVE)


ANY_ACTIVE = select(exists().where(Assignment.project_id == bindparam("project"), Assignment.cancelled_at.is_(None)))


def shares(session: Session, assignment_ids: Sequence[str]) -> dict[str, list[Share]]:
    """By assignment: each person's part, by name."""
    done, still = func.count().filter(_done()), func.count().filter(and_(~_done(), _open()))
    query = (
        select(AssignmentItem.assignment_id, User.id, User.name, User.email, func.count(), done, still)
        .join(User, User.id == AssignmentItem.user_id)
        .join(Example, Example.id == AssignmentItem.example_id)
        .where(AssignmentItem.assignment_id.in_(assignment_ids))
        .group_by(AssignmentItem.assignment_id, User.id, User.name, User.email)
        .order_by(User.name)
    )
    found: dict[str, list[Share]] = {one: [] for one in assignment_ids}
    for row in session.execute(query):
        found[row[0]].append(Share(*row[1:]))
    return found


def waiting(session: Session, project_id: str, user_id: str) -> tuple[int, date | None]:
    """(how many wait for this person, the nearest due day); counting stops at ``COUNTED`` + 1."""
    open_items = (
        select(AssignmentItem.example_id, func.min(Assignment.due_on).label("due_on"))
        .join(Assignment, and_(ACTIVE, Assignment.project_id == project_id))
        .join(Example, Example.id == AssignmentItem.example_id)
        .where(AssignmentItem.user_id == user_id, ~_done(), _open())
        .group_by(AssignmentItem.example_id)
        .limit(COUNTED + 1)
        .subquery()
    )
    row = session.execute(select(func.count(), func.min(open_items.c.due_on)).select_from(open_items)).one()
    return row[0], row[1]


def due(session: Session, until: date, since: date) -> Sequence[Row[Assignment, User, int]]:
    """(assignment, person, how many still wait) of all projects, where the due day is in this stretch of days."""
    query = (
        select(Assignment, User, func.count())
        .join(AssignmentItem, ACTIVE)
        .join(User, User.id == AssignmentItem.user_id)
        .join(Example, Example.id == AssignmentItem.example_id)
        .where(Assignment.due_on.between(since, until), ~_done(), _open())
        .group_by(Assignment.id, User.id)
    )
    return session.execute(query).all()


def hand_over(session: Session, assignment_id: str, giver_id: str, taker_id: str) -> int:
    """What the giver has not done and the taker does not have yet; answers how many."""
    taken = select(AssignmentItem.example_id).where(
        AssignmentItem.assignment_id == assignment_id, AssignmentItem.user_id == taker_id
    )
    open_ones = select(Example.id).where(Example.id == AssignmentItem.example_id, _open())
    change = (
        update(AssignmentItem)
        .where(AssignmentItem.assignment_id == assignment_id, AssignmentItem.user_id == giver_id)
        .where(AssignmentItem.example_id.not_in(taken), ~_done(), open_ones.exists())
        .values(user_id=taker_id, assigned_at=func.now())
        .returning(AssignmentItem.example_id)
        .execution_options(synchronize_session=False)
    )
    return len(session.scalars(change).all())


def mine_first(user_id: str) -> list[list[ColumnElement[bool]]]:
    """The order in which a queue looks: what this person was given, what nobody else was given, the rest."""
    return [[given_to(user_id)], [or_(given_to(user_id), ~given_to_others(user_id))], []]
