"""All SQL of the review queue. The database's clock decides when a reservation ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.models import Annotation, Reservation, Skip
from app.core.errors import NotFound
from app.core.ids import is_id, new_id
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.queries import conditions

RESERVED_FOR = text("interval '15 minutes'")
SITTING = text("interval '12 hours'")  # what counts as today's work: for the progress, and for undoing
COUNTED = 1_000


@dataclass(frozen=True)
class Tally:
    """``done`` and ``skipped`` are this person's, ``left`` waits in the queue, ``seconds`` is their median.

    Counting stops at a thousand; ``left`` is then 1,001. ``undo_id``: their newest annotation of this sitting.
    """

    done: int
    left: int
    skipped: int
    seconds: float | None
    undo_id: str | None


def mine(session: Session, project_id: str, user_id: str, wanted: ExampleFilter) -> Reservation | None:
    """What this person holds already, its time renewed."""
    held = session.scalar(
        select(Reservation)
        .join(Example, Example.id == Reservation.example_id)
        .where(Reservation.user_id == user_id, Reservation.expires_at > func.clock_timestamp())
        .where(*conditions(project_id, wanted))
        .order_by(Reservation.created_at)
        .limit(1)
    )
    if held is not None:
        renew(session, held)
    return held


def renew(session: Session, held: Reservation) -> None:
    session.execute(
        update(Reservation)
        .where(Reservation.id == held.id)
        .values(expires_at=func.clock_timestamp() + RESERVED_FOR)
        .execution_options(synchronize_session=False)
    )
    session.refresh(held)


def reserve_next(session: Session, project_id: str, user_id: str, wanted: ExampleFilter) -> Reservation | None:
    """Hand out the next example that nobody holds; what this person skipped comes after the rest.

    Locks of others are stepped over, so nobody waits. Two who chose the same one at the same moment meet at the
    unique key of the reservations, and the second chooses again.
    """
    for passed_over in (False, True):
        while (example_id := _free(session, project_id, user_id, wanted, passed_over)) is not None:
            taken = take(session, project_id, user_id, example_id)
            if taken is not None:
                return taken
    return None


def _free(session: Session, project_id: str, user_id: str, wanted: ExampleFilter, passed_over: bool) -> str | None:
    skipped = exists().where(Skip.example_id == Example.id, Skip.user_id == user_id)
    reserved = exists().where(
        Reservation.example_id == Example.id,
        Reservation.expires_at > func.clock_timestamp(),
        Reservation.user_id != user_id,
    )
    query = select(Example.id).where(*conditions(project_id, wanted), ~reserved).limit(1)
    if passed_over:
        query = query.join(Skip, and_(Skip.example_id == Example.id, Skip.user_id == user_id)).order_by(Skip.created_at)
    else:
        query = query.where(~skipped).order_by(Example.id)
    return session.scalar(query.with_for_update(of=Example, skip_locked=True))


def take(session: Session, project_id: str, user_id: str, example_id: str) -> Reservation | None:
    """Reserve this example, or take over an expired reservation; None if somebody else holds it."""
    fresh = {
        "id": new_id(),
        "user_id": user_id,
        "created_at": func.clock_timestamp(),
        "expires_at": func.clock_timestamp() + RESERVED_FOR,
    }
    statement = (
        insert(Reservation)
        .values(project_id=project_id, example_id=example_id, **fresh)
        .on_conflict_do_update(
            index_elements=["example_id"],
            set_=fresh,
            where=(Reservation.expires_at <= func.clock_timestamp()) | (Reservation.user_id == user_id),
        )
        .returning(Reservation)
    )
    return session.scalar(statement, execution_options={"populate_existing": True})


def find_reservation(session: Session, project_id: str, user_id: str, reservation_id: str) -> Reservation | None:
    """This person's reservation, also an expired one that nobody has taken over."""
    found = session.get(Reservation, reservation_id) if is_id(reservation_id) else None
    return found if found and (found.project_id, found.user_id) == (project_id, user_id) else None


def reservation(session: Session, project_id: str, user_id: str, reservation_id: str) -> Reservation:
    found = find_reservation(session, project_id, user_id, reservation_id)
    if found is None:
        raise NotFound("This reservation")
    return found


def content(session: Session, held: Reservation) -> Row[Example, Revision]:
    """The example that is held, and its newest revision."""
    newest = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    query = select(Example, Revision).join(Revision, newest).where(Example.id == held.example_id)
    return session.execute(query).one()


def release(session: Session, example_id: str, user_id: str) -> Sequence[str]:
    """Give the example back. Answers the ids of the reservations that ended, expired ones included."""
    ended = delete(Reservation).where(Reservation.example_id == example_id, Reservation.user_id == user_id)
    return session.scalars(ended.returning(Reservation.id)).all()


def release_all(session: Session, project_id: str, user_id: str) -> None:
    session.execute(delete(Reservation).where(Reservation.project_id == project_id, Reservation.user_id == user_id))


def held(session: Session, example_id: str) -> bool:
    """Whether anybody holds the example at this moment."""
    active = exists().where(Reservation.example_id == example_id, Reservation.expires_at > func.clock_timestamp())
    return bool(session.scalar(select(active)))


def skip(session: Session, example_id: str, user_id: str) -> None:
    now = func.clock_timestamp()
    row = insert(Skip).values(example_id=example_id, user_id=user_id, created_at=now)
    session.execute(row.on_conflict_do_update(index_elements=["example_id", "user_id"], set_={"created_at": now}))


def unskip(session: Session, example_id: str, user_id: str) -> None:
    session.execute(delete(Skip).where(Skip.example_id == example_id, Skip.user_id == user_id))


def by_token(session: Session, user_id: str, client_token: str | None) -> Annotation | None:
    if not client_token:
        return None
    query = select(Annotation).where(Annotation.client_token == client_token, Annotation.annotator_id == user_id)
    return session.scalar(query)


def put(session: Session, **values: Any) -> Annotation:
    """Store a verdict. One of the same person on the same revision gives way to it."""
    keys = ["example_id", "revision", "annotator_id"]
    fresh = {name: value for name, value in values.items() if name not in keys} | {"created_at": func.now()}
    statement = insert(Annotation).values(id=new_id(), **values).on_conflict_do_update(index_elements=keys, set_=fresh)
    stored: Annotation = session.scalars(
        statement.returning(Annotation), execution_options={"populate_existing": True}
    ).one()
    return stored


def latest(session: Session, project_id: str, user_id: str) -> Annotation | None:
    """This person's newest decision that can still be undone: one of this sitting."""
    query = (
        select(Annotation)
        .where(Annotation.project_id == project_id, Annotation.annotator_id == user_id)
        .where(Annotation.created_at > func.now() - SITTING)
        .order_by(Annotation.id.desc())
    )
    return session.scalar(query.limit(1))


def annotation(session: Session, project_id: str, example_id: str, annotation_id: str) -> Annotation:
    found = session.get(Annotation, annotation_id) if is_id(annotation_id) else None
    if found is None or found.project_id != project_id or found.example_id != example_id:
        raise NotFound("This annotation")
    return found


def tally(session: Session, project_id: str, user_id: str, wanted: ExampleFilter) -> Tally:
    """In one round trip, and bounded: a queue of a hundred thousand costs what one of a thousand costs."""
    waiting = select(Example.id).where(*conditions(project_id, wanted))
    skipped = waiting.join(Skip, and_(Skip.example_id == Example.id, Skip.user_id == user_id))
    recent = (
        select(Annotation.id, Annotation.seconds)
        .where(Annotation.project_id == project_id, Annotation.annotator_id == user_id)
        .where(Annotation.created_at > func.now() - SITTING)
        .order_by(Annotation.id.desc())
        .limit(COUNTED)
        .subquery()
    )
    median = func.percentile_cont(0.5).within_group(recent.c.seconds).filter(recent.c.seconds > 0)
    row = session.execute(
        select(
            select(func.count()).select_from(recent).scalar_subquery(),
            select(func.count()).select_from(waiting.limit(COUNTED + 1).subquery()).scalar_subquery(),
            select(func.count()).select_from(skipped.limit(COUNTED).subquery()).scalar_subquery(),
            select(median).scalar_subquery(),
            select(recent.c.id).order_by(recent.c.id.desc()).limit(1).scalar_subquery(),
        )
    ).one()
    return Tally(*row)


def of_example(session: Session, project_id: str, example_id: str) -> Sequence[Row[Annotation, str]]:
    """(annotation, who), newest first."""
    query = select(Annotation, User.name).join(User, User.id == Annotation.annotator_id)
    query = query.where(Annotation.project_id == project_id, Annotation.example_id == example_id)
    return session.execute(query.order_by(Annotation.id.desc())).all()


def flagged(session: Session, project_id: str, limit: int) -> Sequence[Row[Annotation, str, Example]]:
    """(annotation, who, example) of what was flagged for a second look and not touched since, newest first."""
    query = (
        select(Annotation, User.name, Example)
        .join(User, User.id == Annotation.annotator_id)
        .join(Example, and_(Example.id == Annotation.example_id, Example.revision == Annotation.revision))
        .where(Annotation.project_id == project_id, Annotation.flagged, Example.deleted_at.is_(None))
    )
    return session.execute(query.order_by(Annotation.id.desc()).limit(limit)).all()


def common_tags(session: Session, project_id: str, limit: int = 40) -> Sequence[str]:
    """The tags used most among the project's newest examples: what is suggested while typing."""
    newest = select(Example.tags).where(Example.project_id == project_id, Example.deleted_at.is_(None))
    tag = func.unnest(newest.order_by(Example.id.desc()).limit(2_000).subquery().c.tags).label("tag")
    each = select(tag).subquery()
    query = select(each.c.tag).group_by(each.c.tag).order_by(func.count().desc(), each.c.tag)
    return session.scalars(query.limit(limit)).all()
