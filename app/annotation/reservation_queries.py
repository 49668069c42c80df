"""SQL of places at examples: hand out, keep, give back. The database's clock decides when a reservation ends."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Double, Row, Select, TextClause, and_, bindparam, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.annotation.assignments.queries import ANY_ACTIVE
from app.annotation.forms import Queue
from app.annotation.models import SETTLING, Draft, Reservation, Skip
from app.annotation.waiting_queries import LIVE, PROJECT, USER, filter_of, key_of
from app.core.errors import NotFound
from app.core.ids import is_id
from app.core.statements import built_once, number, one_row
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.queries import conditions

IN_HAND = timedelta(minutes=15)
AHEAD = timedelta(minutes=5)  # the next one, which the page keeps ready: short, so that nobody waits for it long
PUT_ASIDE = timedelta(hours=24)  # with a draft

MOST_HELD = 1_000  # drafts are places too


KEEP_SHOWN = (
    update(Reservation)
    .where(Reservation.example_id == bindparam("shown"), Reservation.user_id == USER, LIVE)
    .values(expires_at=func.greatest(Reservation.expires_at, func.clock_timestamp() + IN_HAND))
    .execution_options(synchronize_session=False)
)


def mine(
    session: Session, project_id: str, user_id: str, wanted: ExampleFilter, queue: Queue, shown: str | None = None
) -> tuple[Reservation | None, bool]:
    """(what this person holds already and had in hand last, whether anybody was asked to review anything).

    ``shown``: the example that they look at right now; it stays theirs, and is not meant.
    """
    values = {"project": project_id, "user": user_id, "shown": shown}
    row = one_row(session, _mine(key_of(wanted), queue, shown is not None), values)
    asked, held = row or (False, None)
    return held and session.get(Reservation, str(held), populate_existing=True), asked


@built_once
def _mine(key: str, queue: Queue, shown: bool) -> Select[bool, str | None]:
    """Built once for each filter, as is all that one decision after the other asks; one round trip for all of it."""
    one = _held(key, queue, shown).cte("held")
    asked = select(ANY_ACTIVE.scalar_subquery().label("asked")).cte("asked")
    query = select(asked.c.asked, select(one.c.id).scalar_subquery())
    return query.add_cte(KEEP_SHOWN.cte("kept")) if shown else query


def _held(key: str, queue: Queue, shown: bool) -> Select[str]:
    aside = exists().where(Draft.example_id == Reservation.example_id, Draft.user_id == USER)
    # The few that are held first, whatever the planner knows of the tables: their examples are then looked up by key
    held = select(Reservation.id).where(Reservation.project_id == PROJECT, Reservation.user_id == USER, LIVE)
    query = (
        select(Reservation.id)
        .join(Example, Example.id == Reservation.example_id)
        .where(Reservation.id.in_(held.limit(number(MOST_HELD))), *conditions(PROJECT, filter_of(key)))
        .where(Reservation.slot == SETTLING if queue == "settle" else Reservation.slot > SETTLING)
    )
    if queue == "draft":
        query = query.join(Draft, and_(Draft.example_id == Reservation.example_id, Draft.user_id == USER))
        query = query.order_by(Draft.saved_at)
    else:
        query = query.where(~aside).order_by(Reservation.expires_at.desc())
    if queue == "skipped":
        query = query.where(exists().where(Skip.example_id == Reservation.example_id, Skip.user_id == USER))
    if shown:
        query = query.where(Reservation.example_id != bindparam("shown"))
    return query.limit(number(1))


def keep(session: Session, held: Reservation, how_long: timedelta = IN_HAND) -> None:
    """It stays this person's for so long from now."""
    session.execute(
        update(Reservation)
        .where(Reservation.id == held.id)
        .values(expires_at=func.greatest(Reservation.expires_at, func.clock_timestamp() + how_long))
        .execution_options(synchronize_session=False)
    )
    session.refresh(held)


def keep_all(session: Session, project_id: str, user_id: str, held: Reservation) -> None:
    """A sign of life: the one in hand, and those ahead for a shorter time."""
    ahead = func.greatest(Reservation.expires_at, func.clock_timestamp() + AHEAD)
    session.execute(
        update(Reservation)
        .where(Reservation.project_id == project_id, Reservation.user_id == user_id, LIVE)
        .values(expires_at=ahead)
        .execution_options(synchronize_session=False)
    )
    keep(session, held)


def find(session: Session, project_id: str, user_id: str, reservation_id: str) -> Reservation | None:
    """This person's reservation, also an expired one that nobody has taken over."""
    found = session.get(Reservation, reservation_id) if is_id(reservation_id) else None
    return found if found and (found.project_id, found.user_id) == (project_id, user_id) else None


def get(session: Session, project_id: str, user_id: str, reservation_id: str) -> Reservation:
    found = find(session, project_id, user_id, reservation_id)
    if found is None:
        raise NotFound("This reservation")
    return found


NEWEST = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
HELD_CONTENT = (
    select(Example, Revision)
    .join(Reservation, Reservation.example_id == Example.id)
    .join(Revision, NEWEST)
    .where(Reservation.id == bindparam("id"))
    .where(Reservation.project_id == bindparam("project"), Reservation.user_id == bindparam("user"))
)


def content(session: Session, held: Reservation) -> Row[Example, Revision]:
    """The example that is held, and its newest revision."""
    return session.execute(select(Example, Revision).join(Revision, NEWEST).where(Example.id == held.example_id)).one()


def held_content(session: Session, project_id: str, user_id: str, reservation_id: str) -> Row[Example, Revision] | None:
    """The example of this person's reservation, and its newest revision; see ``find``."""
    if not is_id(reservation_id):
        return None
    return session.execute(HELD_CONTENT, {"id": reservation_id, "project": project_id, "user": user_id}).first()


@dataclass(frozen=True)
class GivenBack:
    """``id`` and ``lasted`` (seconds) of the reservation that ended, None where there was none; ``aside``: seconds
    spent before it was skipped or put aside; ``waiting``: opinions that wait at the example; ``others``: places that
    others hold."""

    id: str | None
    lasted: float | None
    aside: float
    waiting: int
    others: int


GIVE_BACK = """
with held as (select id, revision, status, deleted_at from examples where id = :example {lock}),
     ended as (delete from reservations r using held where r.example_id = held.id and r.user_id = :user
               returning r.id, extract(epoch from clock_timestamp() - r.created_at) as lasted),
     skipped as (delete from skips s using held where s.example_id = held.id and s.user_id = :user returning seconds),
     drafted as (delete from annotation_drafts d using held where d.example_id = held.id and d.user_id = :user
                 returning seconds)
select (select id from ended) as id, (select lasted from ended) as lasted,
  coalesce((select sum(seconds) from skipped), 0) + coalesce((select sum(seconds) from drafted), 0) as aside,
  (select count(*) from annotations where example_id = :example and slot is not null) as waiting,
  (select count(*) from reservations where example_id = :example and user_id <> :user and slot > 0
     and expires_at > clock_timestamp()) as others,
  held.revision, held.status, held.deleted_at from held
"""
LOCKING, PLAIN = (text(GIVE_BACK.format(lock=lock)) for lock in ("for update", ""))


def give_back(session: Session, example_id: str, user_id: str) -> GivenBack:
    """The person is done with the example: neither reserved, nor skipped, nor put aside any more."""
    return _given_back(session, PLAIN, example_id, user_id)[0]


def give_back_and_hold(session: Session, example: Example, user_id: str) -> GivenBack:
    """``give_back``, after the example was locked, until the transaction ends, and brought up to date. Takes the lock
    on the example before any on its places, as those do who take one over; a lock on splits has to come before."""
    ended, now = _given_back(session, LOCKING, example.id, user_id)
    if now != (example.revision, example.status, example.deleted_at):
        session.refresh(example)
    return ended


def _given_back(
    session: Session, statement: TextClause, example_id: str, user_id: str
) -> tuple[GivenBack, tuple[Any, ...]]:
    """(what ended, the example's revision, status and time of deletion)"""
    row = one_row(session, statement, {"example": example_id, "user": user_id})
    if row is None:
        raise NotFound("This example")
    id, lasted, aside, waiting, others, *now = row
    ended = GivenBack(id and str(id), None if lasted is None else float(lasted), float(aside), waiting, others)
    return ended, tuple(now)


def lasted(session: Session, held: Reservation) -> float:
    """Seconds since the place was taken."""
    return session.scalar(select(_age()).where(Reservation.id == held.id)) or 0.0


def _age() -> Any:
    return func.extract("epoch", func.clock_timestamp() - Reservation.created_at).cast(Double).label("lasted")


def skip(session: Session, example_id: str, user_id: str, seconds: float) -> None:
    now = func.clock_timestamp()
    row = insert(Skip).values(example_id=example_id, user_id=user_id, seconds=seconds, created_at=now)
    more = {"created_at": now, "seconds": Skip.seconds + row.excluded.seconds}
    session.execute(row.on_conflict_do_update(index_elements=["example_id", "user_id"], set_=more))
