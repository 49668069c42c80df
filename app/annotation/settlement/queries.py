"""SQL of disagreements as the API lists them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, exists, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.models import SETTLING, Annotation, Reservation
from app.annotation.settle_queries import disagreements
from app.annotation.waiting_queries import LIVE
from app.core.errors import NotFound
from app.core.ids import is_id
from app.examples.models import Example
from app.examples.queries import id_of_cursor
from app.web.paging import Slice, cut


def page(session: Session, project_id: str, overlap: int, cursor: str | None, limit: int) -> Slice[Example]:
    """Oldest first, as the page hands them out."""
    query = select(Example).where(Example.id.in_(disagreements(project_id, overlap)))
    after = id_of_cursor(cursor)
    if after is not None:
        query = query.where(Example.id > after)
    rows = session.scalars(query.order_by(Example.id).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row.id,))


def get(session: Session, project_id: str, overlap: int, example_id: str) -> Example:
    """NotFound for an example on which nobody disagrees now."""
    query = select(Example).where(Example.id == example_id, Example.id.in_(disagreements(project_id, overlap)))
    found = session.scalar(query) if is_id(example_id) else None
    if found is None:
        raise NotFound("This disagreement")
    return found


def opinions(session: Session, example_ids: Sequence[str]) -> Sequence[Row[Annotation, str]]:
    """(annotation, who) of what waits at these examples, by place."""
    query = select(Annotation, User.name).join(User, User.id == Annotation.annotator_id)
    query = query.where(Annotation.example_id.in_(example_ids), Annotation.slot.is_not(None))
    return session.execute(query.order_by(Annotation.slot)).all()


def held_until(session: Session, example_ids: Sequence[str], user_id: str) -> dict[str, datetime]:
    """By example: until when this person settles it alone, where they do."""
    query = select(Reservation.example_id, Reservation.expires_at).where(
        Reservation.example_id.in_(example_ids), Reservation.user_id == user_id, Reservation.slot == SETTLING, LIVE
    )
    return {row[0]: row[1] for row in session.execute(query)}


def is_others(session: Session, example_id: str, user_id: str) -> bool:
    """Whether somebody else settles it right now."""
    query = select(
        exists().where(
            Reservation.example_id == example_id, Reservation.user_id != user_id, Reservation.slot == SETTLING, LIVE
        )
    )
    return bool(session.scalar(query))
