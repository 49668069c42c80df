"""All SQL of the review queue. The database's clock decides when a reservation ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.annotation.models import Annotation, Reservation, Skip
from app.core.errors import NotFound
from app.core.ids import is_id, new_id
from app.examples.forms import ExampleFilter
from app.examples.models import Example
from app.examples.queries import conditions

RESERVED_FOR = text("interval '15 minutes'")
UNDO_DEPTH = 10


@dataclass(frozen=True)
class Tally:
    """``left`` waits in the queue, ``done`` and ``skipped`` are this person's, ``seconds`` their median."""

    done: int
    left: int
    skipped: int
    seconds: float | None


def mine(session: Session, project_id: str, user_id: str, wanted: ExampleFilter) -> Reservation | None:
    """What this person holds already, its time renewed."""
    held = session.scalar(
        select(Reservation)
        .join(Example, Example.id == Reservation.example_id)
        .where(Reservation.user_id == user_id, Reservation.expires_at > func.clock_timestamp())
        .where(*conditions(project_id, wanted), Example.split == "train")
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

    Row locks with SKIP LOCKED and the unique example make a double hand-out impossible, not only unlikely.
    """
    skipped = exists().where(Skip.example_id == Example.id, Skip.user_id == user_id)
    held = exists().where(
        Reservation.example_id == Example.id,
        Reservation.expires_at > func.clock_timestamp(),
        Reservation.user_id != user_id,
    )
    for passed_over in (False, True):
        example_id = session.scalar(
            select(Example.id)
            .where(*conditions(project_id, wanted), Example.split == "train", ~held)
            .where(skipped if passed_over else ~skipped)
            .order_by(Example.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if example_id is not None:
            return take(session, project_id, user_id, example_id)
    return None


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
        .returning(Reservation.id)
    )
    taken = session.scalar(statement)
    return session.get(Reservation, taken, populate_existing=True) if taken else None


def reservation(session: Session, project_id: str, user_id: str, reservation_id: str) -> Reservation:
    found = session.get(Reservation, reservation_id) if is_id(reservation_id) else None
    if found is None or found.project_id != project_id or found.user_id != user_id:
        raise NotFound("This reservation")
    return found


def release(session: Session, example_id: str, user_id: str) -> None:
    session.execute(delete(Reservation).where(Reservation.example_id == example_id, Reservation.user_id == user_id))


def held_by_other(session: Session, example_id: str, user_id: str) -> bool:
    return bool(
        session.scalar(
            select(
                exists().where(
                    Reservation.example_id == example_id,
                    Reservation.user_id != user_id,
                    Reservation.expires_at > func.clock_timestamp(),
                )
            )
        )
    )


def skip(session: Session, example_id: str, user_id: str) -> None:
    row = insert(Skip).values(example_id=example_id, user_id=user_id)
    session.execute(
        row.on_conflict_do_update(index_elements=["example_id", "user_id"], set_={"created_at": func.now()})
    )


def unskip(session: Session, example_id: str, user_id: str) -> None:
    session.execute(delete(Skip).where(Skip.example_id == example_id, Skip.user_id == user_id))


def by_token(session: Session, user_id: str, client_token: str) -> Annotation | None:
    return session.scalar(
        select(Annotation).where(Annotation.client_token == client_token, Annotation.annotator_id == user_id)
    )


def of_revision(session: Session, example_id: str, revision: int, user_id: str) -> Annotation | None:
    return session.scalar(
        select(Annotation).where(
            Annotation.example_id == example_id,
            Annotation.revision == revision,
            Annotation.annotator_id == user_id,
        )
    )


def latest(session: Session, project_id: str, user_id: str, limit: int = UNDO_DEPTH) -> Sequence[Annotation]:
    """This person's newest annotations: what they may undo."""
    return session.scalars(
        select(Annotation)
        .where(Annotation.project_id == project_id, Annotation.annotator_id == user_id)
        .order_by(Annotation.id.desc())
        .limit(limit)
    ).all()


def annotation(session: Session, project_id: str, example_id: str, annotation_id: str) -> Annotation:
    found = session.get(Annotation, annotation_id) if is_id(annotation_id) else None
    if found is None or found.project_id != project_id or found.example_id != example_id:
        raise NotFound("This annotation")
    return found


def tally(session: Session, project_id: str, user_id: str, wanted: ExampleFilter) -> Tally:
    queue = (*conditions(project_id, wanted), Example.split == "train")
    left = session.scalar(select(func.count(Example.id)).where(*queue)) or 0
    skipped = session.scalar(
        select(func.count(Example.id))
        .join(Skip, and_(Skip.example_id == Example.id, Skip.user_id == user_id))
        .where(*queue)
    )
    done, seconds = session.execute(
        select(
            func.count(Annotation.id),
            func.percentile_cont(0.5).within_group(Annotation.seconds).filter(Annotation.seconds > 0),
        ).where(Annotation.project_id == project_id, Annotation.annotator_id == user_id)
    ).one()
    return Tally(done, left, skipped or 0, seconds)
