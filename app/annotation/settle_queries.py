"""SQL of what people disagree about."""

from collections.abc import Sequence

from sqlalchemy import Row, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.models import SETTLING, Annotation, Reservation, Skip
from app.annotation.waiting_queries import LIVE
from app.examples.models import Example


def disagreements(project_id: str, overlap: int) -> Select[str]:
    """Examples that have all the opinions the project asks for, and wait for review all the same."""
    full = (
        select(Annotation.example_id)
        .where(Annotation.project_id == project_id, Annotation.slot.is_not(None))
        .group_by(Annotation.example_id)
        .having(func.count() >= overlap)
    )
    return select(Example.id).where(
        Example.id.in_(full), Example.status == "to_review", Example.split == "train", Example.deleted_at.is_(None)
    )


def mine(session: Session, project_id: str, user_id: str, overlap: int) -> Reservation | None:
    """The disagreement that this person settles right now."""
    query = select(Reservation).where(Reservation.user_id == user_id, Reservation.slot == SETTLING, LIVE)
    query = query.where(Reservation.example_id.in_(disagreements(project_id, overlap)))
    return session.scalar(query.order_by(Reservation.created_at).limit(1))


def fresh(session: Session, project_id: str, example_id: str) -> Example | None:
    """The example as it stands now."""
    query = select(Example).where(Example.project_id == project_id, Example.id == example_id)
    return session.scalar(query.where(Example.deleted_at.is_(None)), execution_options={"populate_existing": True})


def next_disagreement(
    session: Session, project_id: str, user_id: str, overlap: int, but: Sequence[str] = ()
) -> str | None:
    """The one that nobody settles right now: oldest first, those that this person skipped last."""
    taken = exists().where(
        Reservation.example_id == Example.id, Reservation.slot == SETTLING, LIVE, Reservation.user_id != user_id
    )
    query = disagreements(project_id, overlap).where(~taken)
    query = query.outerjoin(Skip, and_(Skip.example_id == Example.id, Skip.user_id == user_id))
    query = query.order_by(Skip.created_at.nulls_first(), Example.id).limit(1)
    if but:
        query = query.where(Example.id.not_in(but))
    return session.scalar(query)


def full(session: Session, project_id: str, overlap: int, after: str | None, limit: int) -> Sequence[str]:
    """Ids of examples with all their opinions, in order, after that one."""
    query = disagreements(project_id, overlap).order_by(Example.id).limit(limit)
    return session.scalars(query if after is None else query.where(Example.id > after)).all()


def with_names(session: Session, example_id: str) -> Sequence[Row[Annotation, str]]:
    """(annotation, who) of what waits at this example, by place."""
    query = select(Annotation, User.name).join(User, User.id == Annotation.annotator_id)
    query = query.where(Annotation.example_id == example_id, Annotation.slot.is_not(None))
    return session.execute(query.order_by(Annotation.slot)).all()
